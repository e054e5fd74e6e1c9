"""``authgate usage statement`` and its check, which the operators' ``verify-statement`` is too."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from authgate import installation
from authgate.clock import utc_now
from authgate.settings import Settings
from authgate_tenants.models import TenantRow
from authgate_testing.command import Cli


async def _began_long_ago() -> None:
    async with installation.opened(Settings()):
        await TenantRow.all().update(created_at=utc_now() - timedelta(days=70))


@pytest.fixture
def statement(lite_cli: Cli, tmp_path: Path) -> Path:
    """That of a month that is over."""
    asyncio.run(_began_long_ago())
    told = lite_cli("usage", "statements", "-t", "acme", "--json")
    assert told.code == 0, told.err
    month = told.data[0]["month"]
    printed = lite_cli("usage", "statement", month, "-t", "acme")
    assert printed.code == 0, printed.err
    file = tmp_path / f"{month}.jws"
    file.write_text(printed.out)
    return file


def test_a_statement_is_checked_by_whoever_has_the_keys(
    lite_cli: Cli, statement: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(lite_cli("usage", "statement-keys", "-t", "acme").out)
    # Elsewhere there is neither the database nor the key-encryption key.
    for name in [name for name in os.environ if name.startswith("AUTHGATE_")]:
        monkeypatch.delenv(name)
    for words in (("usage", "verify"), ("operator", "verify-statement")):
        checked = lite_cli(*words, str(statement), "--keys", str(keys))
        assert checked.code == 0, checked.err
        assert (checked.data["month"], checked.data["tenant"]["slug"]) == (statement.stem, "acme")
        signer, text = checked.data["signed_by"], statement.read_text()
        assert lite_cli(*words, "-", "--key", signer, stdin=text).code == 0
        assert lite_cli(*words, "-", "--key", "A" * 43, stdin=text).code == 1
        assert lite_cli(*words, "-", "--key", signer, stdin=text[:-9]).code == 1
        assert lite_cli(*words, str(statement)).code == 2, "by no key"
        assert lite_cli(*words, str(statement), "--keys", str(statement)).code == 2
