"""``authgate doctor`` on plugins, and on the ways to sign in that they bring."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from authgate_testing.doctor import Doctor
from authgate_testing.installed_plugins import put_plugin
from authgate_testing.saml_provider import SamlProvider, signing_key

Execute = Callable[..., None]


def enabled(*names: str, **more: object) -> str:
    """Settings of a tenant that has these plugins enabled."""
    return json.dumps({"enabled_plugins": names, **more})


@pytest.fixture
def by_github(dev: Doctor) -> Doctor:
    """Of an installation whose tenant lets people in by GitHub."""
    words = ["--tenant", "acme", "--connector", "github", "--set", "client_id=abc"]
    assert dev.command("tenant", "set", "acme", "enabled_plugins=github").code == 0
    created = dev.command("connection", "create", "github", *words, stdin="of-github\n")
    assert created.code == 0
    dev.finds()
    return dev


def test_a_plugin_that_is_not_let_in_is_found(
    dev: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    put_plugin(site, "acme", 'plugin_api_version = "9.0"\n', module="acme_doctor_plugin")
    monkeypatch.syspath_prepend(str(site))
    found = dev.finds("plugin-refused")["found"]
    assert "'acme'" in found
    assert "it speaks plugin API 9.0" in found


def test_a_plugin_that_a_tenant_needs_and_that_is_not_there_is_found(
    dev: Doctor, on_sqlite: Execute
) -> None:
    on_sqlite("UPDATE tenants SET settings = ?", enabled("github", "sms"))
    assert dev.finds("plugin-absent")["found"] == "sms, in acme"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (
            "UPDATE connections SET connector = 'gitlab'",
            "no installed and enabled plugin brings gitlab",
        ),
        (
            "UPDATE tenants SET settings = '{}'",
            "no installed and enabled plugin brings github",
        ),
        ("UPDATE connections SET sealed_secrets = x'00'", "its secrets do not open"),
        (
            'UPDATE connections SET config = \'{"client_id": "abc", "host": "https://x"}\'',
            "host: must be a host name",
        ),
    ],
    ids=["no plugin", "not enabled", "sealed by another", "settings"],
)
def test_a_connection_that_cannot_be_used_is_found(
    by_github: Doctor, on_sqlite: Execute, statement: str, reason: str
) -> None:
    on_sqlite(statement)
    assert by_github.finds("connection-broken")["found"].startswith(f"github, in acme: {reason}")


@pytest.fixture
def by_saml(dev: Doctor, tmp_path: Path) -> Callable[..., None]:
    """Pastes metadata whose certificate ends in so many days."""
    assert dev.command("tenant", "set", "acme", "enabled_plugins=saml").code == 0

    def pasted(verb: str, *days: int) -> None:
        provider = SamlProvider(host="idp.example")
        provider.published = [signing_key(f"d{each}", each) for each in days]
        file = tmp_path / "idp.xml"
        file.write_text(provider.metadata())
        kind = ("--connector", "saml") if verb == "create" else ()
        words = ("idp", "--tenant", "acme", *kind, "--set", f"metadata=@{file}")
        assert dev.command("connection", verb, *words).code == 0

    return pasted


def test_a_provider_s_certificate_that_ends_soon_or_has_ended_is_found(
    dev: Doctor, by_saml: Callable[..., None]
) -> None:
    by_saml("create", 20)
    warned = dev.finds("connection-ends")
    assert warned["found"].startswith("idp, in acme: Signing certificates, until 20")
    assert "authgate connection test idp --tenant acme" in warned["cure"]
    by_saml("update", 20, 365)
    dev.finds()
    by_saml("update", -1)
    assert "Signing certificates, until" in dev.finds("connection-ended")["found"]


def test_what_a_provider_published_last_is_judged_without_asking_it(
    dev: Doctor, by_saml: Callable[..., None], on_sqlite: Execute
) -> None:
    by_saml("create", 365)
    there = json.dumps({"metadata_url": "https://idp.example/metadata"})
    on_sqlite("UPDATE connections SET config = ?", there)
    dev.finds()
    ends = [["Signing certificates", "2026-01-01T00:00:00+00:00"]]
    standing = {"ends": ends, "fault": "", "fault_since": None}
    on_sqlite("UPDATE connections SET standing = ?", json.dumps(standing))
    assert dev.finds("connection-ended")["found"].endswith("until 2026-01-01")
    standing |= {"ends": [], "fault": "Status 404.", "fault_since": "2026-01-01T10:00:00+00:00"}
    on_sqlite("UPDATE connections SET standing = ?", json.dumps(standing))
    found = dev.finds("provider-unfit")["found"]
    assert found == "idp, in acme: since 2026-01-01 10:00 UTC: Status 404"


def test_a_tenant_that_takes_everybody_in_is_found(by_github: Doctor, on_sqlite: Execute) -> None:
    on_sqlite("UPDATE tenants SET settings = ?", enabled("github", auto_register=True))
    assert by_github.finds("open-registration")["found"] == "acme, by github"


def test_a_plugin_that_lacks_settings_or_whose_settings_are_not_fit_is_found(
    dev: Doctor, on_sqlite: Execute
) -> None:
    assert dev.command("tenant", "set", "acme", "enabled_plugins=networks").code == 0
    assert dev.finds("plugin-waits")["found"] == "networks, in acme"
    words = ("plugin-settings", "set", "networks", "-t", "acme", "--set", "networks=192.0.2.0/24")
    assert dev.command(*words).code == 0
    dev.finds()
    on_sqlite("UPDATE plugin_settings SET config = ?", '{"networks": ["nowhere"]}')
    found = dev.finds("plugin-settings-unfit")["found"]
    assert found.startswith("networks, in acme: networks: ")
    assert dev.command("plugin-settings", "pause", "networks", "-t", "acme").code == 0
    dev.finds()
