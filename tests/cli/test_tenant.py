"""``authgate tenant``."""

import pytest

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
        ("access_token_lifetime=soon", "--setting access_token_lifetime: Input should be a valid"),
        ("signing_algorithm=none", "--setting signing_algorithm: Input should be 'ES256'"),
        ("signing_algorithm", "--setting 'signing_algorithm' is not KEY=VALUE."),
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
