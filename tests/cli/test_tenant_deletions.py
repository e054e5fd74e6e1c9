"""``authgate tenant delete``, ``restore``, ``deletions``, its certificate and the check of one."""

import asyncio
import os
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest

from authgate import installation, provisioning
from authgate.clock import utc_now
from authgate.settings import Settings
from authgate_testing.command import Cli


async def _erase() -> None:
    for days in (31, 32):
        later = timedelta(days=days)
        async with installation.opened(Settings(), clock=lambda: utc_now() + later) as parts:  # noqa: B023
            await provisioning.erase_due_tenants(parts)


@pytest.fixture
def certificate(lite_cli: Cli, tmp_path: Path) -> Path:
    """That of a tenant that is gone."""
    assert lite_cli("tenant", "delete", "acme", "--confirm", "acme").code == 0
    asyncio.run(_erase())
    file = tmp_path / "acme.jwt"
    file.write_text(lite_cli("tenant", "deletion-certificate", "acme").out)
    return file


def test_a_tenant_is_deleted_by_whoever_types_its_slug_once_more(acme_cli: Cli) -> None:
    refused = acme_cli("tenant", "delete", "acme", stdin="yes\n")
    assert (refused.code, acme_cli("tenant", "show", "acme", "--json").data["status"]) == (
        2,
        "active",
    )
    made = acme_cli("tenant", "delete", "acme", "--json", stdin="acme\n")
    assert made.code == 0
    assert made.data["slug"] == "acme"
    assert made.data["certificate_key"]
    assert acme_cli("tenant", "show", "acme", "--json").data["status"] == "deleting"
    [listed] = acme_cli("tenant", "deletions", "--json").data
    assert (listed["slug"], listed["state"], listed["by"]) == ("acme", "waiting", "system")
    assert acme_cli("tenant", "delete", "acme", "--confirm", "acme").code == 5
    assert acme_cli("tenant", "resume", "acme").code == 2


def test_until_it_is_due_a_tenant_is_restored(acme_cli: Cli) -> None:
    assert acme_cli("tenant", "restore", "acme").code == 3
    acme_cli("tenant", "delete", "acme", "--confirm", "acme")
    assert acme_cli("tenant", "restore", "acme").code == 0
    assert acme_cli("tenant", "show", "acme", "--json").data["status"] == "active"
    assert acme_cli("tenant", "deletions", "--state", "waiting", "--json").data == []
    kinds = [event["event_type"] for event in acme_cli("audit", "tail", "--json").data]
    assert kinds[-2:] == ["TENANT_DELETION_REQUESTED", "TENANT_RESTORED"]


def test_a_certificate_is_checked_here_and_by_whoever_knows_the_key(
    lite_cli: Cli, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = lite_cli("tenant", "verify-certificate", str(certificate), "--json")
    assert checked.code == 0, checked.err
    assert checked.data["tenant"]["slug"] == "acme"
    assert checked.data["rows"]["tenants"] == 1
    assert lite_cli("tenant", "list", "--json").data == []
    assert lite_cli("tenant", "deletion-certificate", "globex").code == 3
    # Elsewhere there is neither the database nor the key-encryption key.
    for name in [name for name in os.environ if name.startswith("AUTHGATE_")]:
        monkeypatch.delenv(name)
    words = ("tenant", "verify-certificate", "-", "--key")
    text = certificate.read_text()
    assert lite_cli(*words, checked.data["signed_by"], stdin=text).code == 0
    assert lite_cli(*words, b64encode(bytes(32)).decode(), stdin=text).code == 1
    assert lite_cli(*words, checked.data["signed_by"], stdin=text[:-9]).code == 1


def test_a_certificate_says_nothing_of_people(lite_cli: Cli, certificate: Path) -> None:
    stated = lite_cli("tenant", "verify-certificate", str(certificate), "--json").data
    assert set(stated) == {
        "iss", "jti", "iat", "tenant", "requested_by", "requested_at", "due_at", "shredded_at",
        "deleted_at", "keys", "rows", "signed_by",
    }  # fmt: skip
    assert stated["requested_by"] == "system"
    assert set(stated["tenant"]) == {"id", "slug"}
