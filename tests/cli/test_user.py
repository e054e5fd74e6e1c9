"""``authgate user``."""

import re

import pytest

from authgate_testing.command import Cli

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def mira(acme_cli: Cli) -> Cli:
    """A tenant with a user."""
    words = ("-t", "acme", "mira", "--email", "Mira@acme.example", "--name", "Mira H", "--admin")
    ended = acme_cli("user", "create", *words, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert ended.code == 0
    assert PASSWORD not in ended.out + ended.err
    return acme_cli


def test_a_password_that_was_made_up_is_shown_once(lite_cli: Cli) -> None:
    made = lite_cli("user", "create", "-t", "acme", "jon", "-o", "json")
    assert len(made.data["password"]) >= 29
    assert "Shown this once" in made.err
    assert "password" not in lite_cli("user", "list", "-t", "acme").out


def test_a_user_may_keep_the_id_that_others_know_them_by(acme_cli: Cli) -> None:
    own = "0f5b1a9e-6f0c-4a57-9d5e-2a7c8e6f1b34"
    made = acme_cli("user", "create", "-t", "acme", "jon", "--id", own, "-o", "json")
    assert made.data["id"] == own
    acme_cli("tenant", "create", "globex")
    for slug in ("acme", "globex"):
        ended = acme_cli("user", "create", "-t", slug, "kim", "--id", own)
        assert ended.code == 5
        assert ended.err == (
            "authgate: There is a user kim already, or one with that address or id.\n"
        )


def test_users_are_listed(mira: Cli) -> None:
    [user] = mira("user", "list", "-t", "acme", "-o", "json").data
    assert user.pop("id")
    assert user == {
        "username": "mira",
        "email": "Mira@acme.example",
        "name": "Mira H",
        "role": "owner",
        "status": "active",
    }


def test_a_name_is_taken_once(mira: Cli) -> None:
    ended = mira("user", "create", "-t", "acme", "MIRA")
    assert ended.code == 5
    assert ended.out == ""
    assert "once" not in ended.err


@pytest.mark.parametrize(
    ("name", "password"),
    [("jon", "too short"), ("jon", ""), ("j\u200bon", PASSWORD), ("j\u043en", PASSWORD)],
)
def test_a_bad_name_or_password_is_refused(lite_cli: Cli, name: str, password: str) -> None:
    words = ("user", "create", "-t", "acme", name, "--password-stdin")
    assert lite_cli(*words, stdin=password).code == 2


def test_a_user_is_disabled_and_enabled(mira: Cli) -> None:
    alone = mira("user", "disable", "-t", "acme", "mira")
    assert alone.code == 5
    assert alone.err == ("authgate: It is the last owner of the tenant: make another one first.\n")
    assert mira("user", "create", "-t", "acme", "jon", "--admin").code == 0
    assert mira("user", "set-role", "-t", "acme", "jon", "owner").code == 0
    for verb, status in (("disable", "disabled"), ("enable", "active")):
        assert mira("user", verb, "-t", "acme", "mira@ACME.example").code == 0
        assert mira("user", "show", "-t", "acme", "MIRA", "--json").data["status"] == status
    kinds = [event["event_type"] for event in mira("audit", "tail", "-o", "json").data]
    assert kinds[-2:] == ["USER_DISABLED", "USER_ENABLED"]


def test_a_password_is_reset(mira: Cli) -> None:
    reset = mira("user", "reset-password", "-t", "acme", "mira", "-o", "json")
    assert reset.data["password"] != PASSWORD
    events = mira("audit", "tail", "-o", "json").data
    assert events[-1]["event_type"] == "USER_PASSWORD_RESET"
    given = mira(
        "user", "reset-password", "-t", "acme", "mira", "--password-stdin", "-o", "json",
        stdin=f"{PASSWORD}-2\r\n",
    )  # fmt: skip
    assert set(given.data) == {"id", "username"}


def test_a_user_is_signed_out_everywhere(mira: Cli) -> None:
    ended = mira("user", "sign-out", "-t", "acme", "mira")
    assert (ended.code, ended.err) == (0, "✓ mira is signed out, in 0 browsers too.\n")
    assert mira("audit", "tail", "-o", "json").data[-1]["event_type"] == "SESSION_REVOKED"


@pytest.mark.parametrize("verb", ["disable", "enable", "reset-password", "sign-out"])
def test_nobody_is_not_found(lite_cli: Cli, verb: str) -> None:
    ended = lite_cli("user", verb, "-t", "acme", "nobody")
    assert ended.code == 3
    assert ended.err == "authgate: There is no user nobody.\n"


def test_the_first_in_charge_owns_the_tenant_and_others_are_what_is_said(mira: Cli) -> None:
    for name, words in (
        ("jon", ("--admin",)),
        ("kim", ("--role", "client_manager")),
        ("ann", ("--role", "auditor")),
        ("bea", ()),
    ):
        assert mira("user", "create", "-t", "acme", name, *words).code == 0
    both = mira("user", "create", "-t", "acme", "leo", "--admin", "--role", "auditor")
    assert both.code == 2
    listed = mira("user", "list", "-t", "acme", "--json").data
    assert {each["username"]: each["role"] for each in listed} == {
        "mira": "owner", "jon": "admin", "kim": "client_manager", "ann": "auditor", "bea": "user",
    }  # fmt: skip
    made = mira("user", "set-role", "-t", "acme", "bea", "auditor")
    assert (made.code, made.err) == (0, "✓ bea is auditor now.\n")
    last = mira("user", "set-role", "-t", "acme", "mira", "admin")
    assert (last.code, last.err) == (
        5, "authgate: It is the last owner of the tenant: make another one first.\n",
    )  # fmt: skip
    table = mira("user", "roles", "-t", "acme").out
    assert re.search(r"(?m)^tenant +write +read +- +read +- *$", table)
