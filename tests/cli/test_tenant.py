"""``authgate tenant``."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from authgate.cli.failures import Misused
from authgate.cli.tenant import typed_settings
from authgate.cli.tenant.typed_settings import AskedSetting
from authgate_tenants import TenantSettings
from authgate_testing.command import Cli


def test_a_tenant_is_created_with_keys_and_an_audit_event(cli: Cli) -> None:
    made = cli("tenant", "create", "acme", "--name", "Acme Corp", "-o", "json")
    assert made.code == 0
    assert made.data["issuer"] == "http://localhost:8080/t/acme"
    assert made.data["name"] == "Acme Corp"
    [event] = cli("audit", "tail", "-o", "json").data
    assert event["event_type"] == "TENANT_CREATED"
    assert event["actor"]["type"] == "system"
    assert event["actor"]["name"]
    states = {key["state"] for key in cli("keys", "list", "-t", "acme", "-o", "json").data}
    assert states == {"active", "pending"}


def test_its_owner_is_made_with_it(lite_cli: Cli) -> None:
    words = ("globex", "--owner", "mira", "--owner-email", "mira@globex.example", "-o", "json")
    made = lite_cli("tenant", "create", *words)
    assert made.code == 0, made.err
    assert (made.data["owner"], len(made.data["password"])) == ("mira", 29)
    [mira] = lite_cli("user", "list", "-t", "globex", "--json").data
    assert (mira["role"], mira["email"]) == ("owner", "mira@globex.example")
    assert lite_cli("tenant", "create", "initech", "--owner", "m\u200bira").code == 2
    assert lite_cli("tenant", "create", "initech", "--owner-email", "a@b.example").code == 2
    unfit = ("--owner", "mira", "--owner-email", "mira@localhost")
    assert lite_cli("tenant", "create", "initech", *unfit).code == 2
    assert lite_cli("tenant", "show", "initech").code == 3, "nothing of it was made"


def test_its_settings_are_given_as_text_and_kept_as_what_they_are(cli: Cli) -> None:
    settings = ("signing_algorithm=EdDSA", "access_token_lifetime=60", "audience=a,b")
    words = [word for setting in settings for word in ("--setting", setting)]
    assert cli("tenant", "create", "acme", *words).code == 0
    [first, _] = cli("keys", "list", "-t", "acme", "-o", "json").data
    assert first["algorithm"] == "EdDSA"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("colour=red", "There is no tenant setting colour."),
        ("access_token_lifetime=soon", "access_token_lifetime: Input should be a valid"),
        ("signing_algorithm=none", "signing_algorithm: Input should be 'ES256'"),
        ("signing_algorithm", "'signing_algorithm' is not KEY=VALUE."),
    ],
)
def test_a_setting_that_does_not_fit_creates_nothing(command: Cli, setting: str, said: str) -> None:
    ended = command("tenant", "create", "acme", "--setting", setting)
    assert ended.code == 2
    assert ended.err.startswith(f"authgate: {said}")


def test_a_slug_is_taken_once(acme_cli: Cli) -> None:
    ended = acme_cli("tenant", "create", "acme")
    assert ended.code == 5
    assert ended.err == "authgate: There is a tenant acme already.\n"


@pytest.mark.parametrize("slug", ["Acme", "a_b", "xn--acme", "admin", "-a", "a" * 64])
def test_a_bad_slug_is_refused(lite_cli: Cli, slug: str) -> None:
    assert lite_cli("tenant", "create", "--", slug).code == 2


def test_tenants_are_listed(lite_cli: Cli) -> None:
    lite_cli("tenant", "create", "globex")
    listed = lite_cli("tenant", "list", "-o", "json").data
    assert [(each["slug"], each["status"]) for each in listed] == [
        ("acme", "active"),
        ("globex", "active"),
    ]
    table = lite_cli("tenant", "list").out
    assert "acme" in table
    assert listed[0]["id"] in table  # whole, although a pipe has no width


def test_no_tenants_are_said_to_be_none(cli: Cli) -> None:
    ended = cli("tenant", "list")
    assert ended.out == ""
    assert ended.err == "There are none.\n"


def test_a_tenant_is_suspended_and_resumed(acme_cli: Cli) -> None:
    for word, status in (("suspend", "suspended"), ("resume", "active")):
        assert acme_cli("tenant", word, "acme").code == 0
        [listed] = acme_cli("tenant", "list", "-o", "json").data
        assert listed["status"] == status


def test_an_unknown_tenant_is_not_suspended(lite_cli: Cli) -> None:
    assert lite_cli("tenant", "suspend", "nobody").code == 3


def settings_of(cli: Cli, slug: str) -> dict[str, Any]:
    settings: dict[str, Any] = cli("tenant", "show", slug, "-o", "json").data["settings"]
    return settings


def test_a_tenant_is_shown_with_all_that_it_chooses(acme_cli: Cli) -> None:
    shown = acme_cli("tenant", "show", "acme", "-o", "json").data
    assert shown["issuer"] == "http://localhost:8080/t/acme"
    assert shown["status"] == "active"
    assert set(shown["settings"]) == {field.name for field in fields(TenantSettings)}
    table = acme_cli("tenant", "show", "acme").out
    assert re.search(r"^access_token_lifetime +3600$", table, re.MULTILINE)


def test_settings_change_and_the_audit_log_says_from_what_to_what(acme_cli: Cli) -> None:
    chosen = ("access_token_lifetime=600", "audience=a,b", "auto_register=true")
    assert acme_cli("tenant", "set", "acme", *chosen, "--name", "Acme Corp").code == 0
    settings = settings_of(acme_cli, "acme")
    assert settings["access_token_lifetime"] == 600
    assert settings["audience"] == ["a", "b"]
    assert settings["auto_register"] is True
    assert acme_cli("tenant", "show", "acme", "-o", "json").data["name"] == "Acme Corp"
    event = acme_cli("audit", "tail", "-o", "json").data[-1]
    assert event["event_type"] == "TENANT_UPDATED"
    changes = {each["setting"]: (each["was"], each["is"]) for each in event["details"]["changes"]}
    assert changes == {
        "access_token_lifetime": (3600, 600),
        "audience": ([], ["a", "b"]),
        "auto_register": (False, True),
        "name": ("Acme", "Acme Corp"),
    }


def test_what_is_not_named_stays_and_what_is_unset_is_the_default_again(acme_cli: Cli) -> None:
    acme_cli("tenant", "set", "acme", "access_token_lifetime=600", "domain=acme")
    acme_cli("tenant", "set", "acme", "--unset", "access_token_lifetime")
    settings = settings_of(acme_cli, "acme")
    assert (settings["access_token_lifetime"], settings["domain"]) == (3600, "acme")


def test_a_limit_is_set_and_unset_by_its_name(acme_cli: Cli) -> None:
    own = {"login_per_ip": "5/min burst 5", "token_per_client": "9/s burst 9"}
    words = [f"login_limits.{name}={limit}" for name, limit in own.items()]
    assert acme_cli("tenant", "set", "acme", *words).code == 0
    assert settings_of(acme_cli, "acme")["login_limits"] == own
    acme_cli("tenant", "set", "acme", "--unset", "login_limits.login_per_ip")
    assert settings_of(acme_cli, "acme")["login_limits"] == {"token_per_client": "9/s burst 9"}


def test_a_change_that_changes_nothing_is_no_event(lite_cli: Cli) -> None:
    assert lite_cli("tenant", "set", "acme", "access_token_lifetime=3600").code == 0
    kinds = {event["event_type"] for event in lite_cli("audit", "tail", "-o", "json").data}
    assert kinds == {"TENANT_CREATED"}


def test_a_tenant_that_chooses_another_algorithm_has_keys_of_it(acme_cli: Cli) -> None:
    assert acme_cli("tenant", "set", "acme", "signing_algorithm=EdDSA").code == 0
    keys = acme_cli("keys", "list", "-t", "acme", "-o", "json").data
    states = {key["state"] for key in keys if key["algorithm"] == "EdDSA"}
    assert states == {"active", "pending"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say what to change"),
        (("colour=red",), "There is no tenant setting colour."),
        (("--unset", "colour"), "There is no tenant setting colour."),
        (("access_token_lifetime=0",), "access_token_lifetime: Input should be greater than 0"),
        (("access_token_lifetime=99999999",), "access_token_lifetime: Input should be less than"),
        (("brand_color=red;",), "brand_color: String should match pattern"),
        (("private_claim_prefix=x_",), "private_claim_prefix: String should match pattern"),
        (("domain=.acme",), "domain: String should match pattern"),
        (("enabled_plugins=gihtub",), "There is no plugin 'gihtub' here; there are "),
        (("login_limits.login_per_moon=5/min",), "There is no limit called login_per_moon."),
        (("login_limits.login_per_ip=often",), "'often' is no limit"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_change_that_makes_no_sense_changes_nothing(
    lite_cli: Cli, words: tuple[str, ...], said: str
) -> None:
    ended = lite_cli("tenant", "set", "acme", *words)
    assert ended.code == 2
    assert ended.err.startswith(f"authgate: {said}")
    [event] = lite_cli("audit", "tail", "-o", "json").data
    assert event["event_type"] == "TENANT_CREATED"


@pytest.mark.parametrize("words", [("show",), ("set",)])
def test_an_unknown_tenant_is_neither_shown_nor_changed(
    lite_cli: Cli, words: tuple[str, ...]
) -> None:
    rest = ("domain=x",) if words == ("set",) else ()
    assert lite_cli("tenant", *words, "nobody", *rest).code == 3


def test_of_one_tenants_settings_another_notices_nothing(acme_cli: Cli) -> None:
    acme_cli("tenant", "create", "globex")
    acme_cli("tenant", "set", "acme", "access_token_lifetime=600")
    assert settings_of(acme_cli, "globex")["access_token_lifetime"] == 3600


def test_an_issuer_is_trusted_with_the_address_of_its_keys(acme_cli: Cli) -> None:
    keys_at = "https://hr.example/jwks.json"
    trusted = f"trusted_issuers.https://hr.example={keys_at}"
    assert acme_cli("tenant", "set", "acme", trusted).code == 0
    shown = acme_cli("tenant", "show", "acme", "-o", "json").data
    assert shown["settings"]["trusted_issuers"] == {"https://hr.example": keys_at}


def test_a_number_of_thousands_of_digits_is_none(lite_cli: Cli) -> None:
    long = "9" * 5_000
    days = {"days": AskedSetting("number", "Days")}
    assert typed_settings.typed(days, ["days=30"]) == {"days": 30}
    assert typed_settings.typed(days, [f"days={long}"]) == {"days": long}, "which is then refused"
    ended = lite_cli("tenant", "settings", "set", f"access_token_lifetime={long}", "-t", "acme")
    assert (ended.code, ended.err) == (2, "authgate: access_token_lifetime is a whole number.\n")


def test_a_document_is_typed_or_read_from_a_file(tmp_path: Path) -> None:
    settings = {"metadata": AskedSetting("document", "Metadata")}
    file = tmp_path / "idp.xml"
    file.write_text("<a>\n</a>\n")
    assert typed_settings.typed(settings, [f"metadata=@{file}"]) == {"metadata": "<a>\n</a>\n"}
    assert typed_settings.typed(settings, ["metadata=<a/>"]) == {"metadata": "<a/>"}
    with pytest.raises(Misused, match="cannot be read"):
        typed_settings.typed(settings, [f"metadata=@{tmp_path / 'none'}"])
