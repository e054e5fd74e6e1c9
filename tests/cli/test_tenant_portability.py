"""``authgate tenant export`` and ``import``."""

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from authgate.portable import passphrase
from authgate.settings import DatabaseSettings
from authgate_testing.command import Cli, Use
from authgate_testing.lived import PASSPHRASE, QUICK

TYPED = f"{PASSPHRASE}\n"


@pytest.fixture(autouse=True)
def _derived_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("PASSES", "MEMORY_KIB", "LANES"), QUICK, strict=True):
        monkeypatch.setattr(passphrase, name, value)


@pytest.fixture
def elsewhere(sqlite_template: Path, tmp_path: Path) -> DatabaseSettings:
    """Another installation."""
    path = shutil.copy(sqlite_template, tmp_path / "elsewhere.db")
    return DatabaseSettings(url=SecretStr(f"sqlite://{path}"))


def test_a_tenant_moves_by_two_commands(
    lite_cli: Cli, use: Use, elsewhere: DatabaseSettings, tmp_path: Path
) -> None:
    file, words = tmp_path / "acme.authgate", tmp_path / "words"
    words.write_text(TYPED)
    tenant = lite_cli("tenant", "show", "acme", "--json").data["id"]
    assert lite_cli("tenant", "export", "acme", str(file), stdin="short\n").code == 2
    assert lite_cli("tenant", "export", "nobody", str(file), stdin=TYPED).code == 3
    assert not file.exists()
    assert lite_cli("tenant", "export", "acme", str(file), "--signing-keys", stdin=TYPED).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert lite_cli("tenant", "export", "acme", str(file), stdin=TYPED).code == 5
    plain = ("--without-secrets", "--force")
    assert lite_cli("tenant", "export", "acme", str(tmp_path / "plain"), *plain).code == 0
    assert lite_cli("tenant", "export", "acme", str(file), *plain, "--signing-keys").code == 2
    here = lite_cli("tenant", "import", str(file), "--slug", "two", stdin=TYPED)
    assert (here.code, "already, as acme" in here.err) == (5, True)
    events = lite_cli("audit", "tail", "--json").data
    assert [each["event_type"] for each in events][-2:] == ["TENANT_EXPORTED"] * 2

    use(elsewhere)
    wrong = lite_cli("tenant", "import", str(file), stdin="another passphrase\n")
    assert (wrong.code, "passphrase" in wrong.err) == (1, True)
    by_file = ("--passphrase-file", str(words), "--json")
    would = lite_cli("tenant", "import", str(file), "--dry-run", *by_file)
    assert (would.code, would.data["id"], would.data["signing_keys"]) == (0, tenant, True)
    assert lite_cli("tenant", "list", "--json").data == []
    did = lite_cli("tenant", "import", str(file), "--slug", "acme-inc", *by_file)
    assert did.data == would.data | {
        "slug": "acme-inc",
        "issuer": "http://localhost:8080/t/acme-inc",
    }
    assert lite_cli("tenant", "show", "acme-inc", "--json").data["id"] == tenant
