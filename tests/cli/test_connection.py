"""``authgate connection``."""

import os
import pty
import subprocess
import sys
from uuid import uuid4

import pytest

from authgate.settings import DatabaseSettings
from authgate_testing import PostgresServer
from authgate_testing.command import Cli
from authgate_testing.ledger import at_rest

AUTHGATE = (sys.executable, "-m", "authgate")
SECRET = f"ghs-{uuid4().hex}"
GITHUB = ("--connector", "github", "--set", "client_id=Iv1.8a61f9b3a7aba766")


@pytest.fixture
def acme_cli(acme_cli: Cli) -> Cli:
    """On each database, with a tenant that has enabled the plugin."""
    assert acme_cli("tenant", "set", "acme", "enabled_plugins=github").code == 0
    return acme_cli


@pytest.fixture
def lite_cli(lite_cli: Cli) -> Cli:
    """The same on SQLite alone."""
    assert lite_cli("tenant", "set", "acme", "enabled_plugins=github").code == 0
    return lite_cli


def created(cli: Cli, slug: str = "github", *words: str) -> None:
    ended = cli("connection", "create", slug, "-t", "acme", *GITHUB, *words, stdin=f"{SECRET}\n")
    assert ended.code == 0, ended.err


def test_a_connection_is_set_up_and_its_secret_never_shown_or_stored_in_clear(
    acme_cli: Cli, database_settings: DatabaseSettings, postgres: PostgresServer
) -> None:
    created(acme_cli)
    shown = acme_cli("connection", "show", "github", "-t", "acme", "-o", "json")
    assert shown.data == {
        "slug": "github",
        "label": "GitHub",
        "connector": "github",
        "enabled": True,
        "position": 0,
        "people": 0,
        "callback": "http://localhost:8080/t/acme/login/github/callback",
        "config": {
            "client_id": "Iv1.8a61f9b3a7aba766",
            "client_secret": "***",
            "host": "github.com",
        },
        "rules": {
            "newcomers": "tenant",
            "provisioned": "nothing",
            "allowed_domains": [],
            "email_domains": [],
            "groups": {},
            "sign_in_form": False,
        },
    }
    event = acme_cli("audit", "tail", "-o", "json").data[-1]
    assert event["event_type"] == "CONNECTION_CREATED"
    assert event["details"].items() >= {"connection": "github", "connector": "github"}.items()
    stored = at_rest(database_settings, postgres)
    assert SECRET not in stored
    assert SECRET.encode().hex() not in stored
    assert "Iv1.8a61f9b3a7aba766" in stored


def test_a_terminal_asks_for_the_secret_and_does_not_show_it(lite_cli: Cli) -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [*AUTHGATE, "connection", "create", "hub", "-t", "acme", *GITHUB],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        seen = b""
        while not seen.endswith(b"Client secret: "):
            seen += os.read(ours, 1024)
        os.write(ours, f"{SECRET}\n".encode())
        out, _ = process.communicate(timeout=60)
        seen += os.read(ours, 1024)
    finally:
        os.close(ours)
    assert process.returncode == 0, (out, seen)
    assert SECRET.encode() not in seen + out
    assert b"/login/hub/callback" in out


def test_connections_are_listed_in_the_order_of_the_page(acme_cli: Cli) -> None:
    created(acme_cli, "work", "--position", "2", "--label", "Work")
    created(acme_cli, "github")
    listed = acme_cli("connection", "list", "-t", "acme", "-o", "json").data
    assert [(each["slug"], each["label"]) for each in listed] == [
        ("github", "GitHub"),
        ("work", "Work"),
    ]
    assert acme_cli("connection", "update", "work", "-t", "acme", "--position", "-1").code == 0
    listed = acme_cli("connection", "list", "-t", "acme", "-o", "json").data
    assert [each["slug"] for each in listed] == ["work", "github"]


def test_what_is_not_named_stays_and_the_audit_log_tells_no_value(acme_cli: Cli) -> None:
    created(acme_cli)
    fresh = f"ghs-{uuid4().hex}"
    words = ("--set", "host=ghe.acme.example", "--secret", "client_secret", "--label", "Our GitHub")
    ended = acme_cli("connection", "update", "github", "-t", "acme", *words, stdin=f"{fresh}\n")
    assert ended.code == 0, ended.err
    shown = acme_cli("connection", "show", "github", "-t", "acme", "-o", "json").data
    assert shown["label"] == "Our GitHub"
    assert shown["config"]["host"] == "ghe.acme.example"
    assert shown["config"]["client_id"] == "Iv1.8a61f9b3a7aba766"
    tail = acme_cli("audit", "tail", "-o", "json")
    assert tail.data[-1]["details"]["changed"] == ["client_secret", "host", "label"]
    assert fresh not in tail.out
    assert "ghe.acme.example" not in tail.out
    reset = ["connection", "update", "github", "-t", "acme", "--unset", "host"]
    ended = acme_cli(*reset)
    assert "config.client_secret: must be entered again" in ended.err
    acme_cli(*reset, "--secret", "client_secret", stdin="x\n")
    shown = acme_cli("connection", "show", "github", "-t", "acme", "-o", "json").data
    assert shown["config"]["host"] == "github.com"


def test_a_connection_is_disabled_enabled_and_deleted(acme_cli: Cli) -> None:
    created(acme_cli)
    for word, enabled in (("disable", False), ("enable", True)):
        assert acme_cli("connection", word, "github", "-t", "acme").code == 0
        [listed] = acme_cli("connection", "list", "-t", "acme", "-o", "json").data
        assert listed["enabled"] is enabled
    kept = acme_cli("connection", "delete", "github", "-t", "acme", stdin="no\n")
    assert kept.code == 1
    assert acme_cli("connection", "delete", "github", "-t", "acme", stdin="yes\n").code == 0
    assert acme_cli("connection", "list", "-t", "acme", "-o", "json").data == []
    kinds = [event["event_type"] for event in acme_cli("audit", "tail", "-o", "json").data]
    assert kinds[-3:] == ["CONNECTION_UPDATED", "CONNECTION_UPDATED", "CONNECTION_DELETED"]


@pytest.mark.parametrize(
    ("words", "stdin", "code", "said"),
    [
        (("Bad_Slug", *GITHUB), "x", 2, "slug: 'Bad_Slug' is not 1 to 40 of a-z"),
        (
            ("hub", "--connector", "gitlab"),
            "x",
            3,
            "No plugin that the tenant has enabled brings 'gitlab'",
        ),
        (("hub", *GITHUB), "", 2, "config.client_secret: is missing"),
        (("hub", "--connector", "github"), "x", 2, "config.client_id: is missing"),
        (("hub", *GITHUB, "--set", "colour=red"), "x", 2, "config.colour: is not a setting"),
        (("hub", *GITHUB, "--set", "host=https://x"), "x", 2, "config.host: must be a host name"),
        (("hub", *GITHUB, "--set", "host"), "x", 2, "'host' is not KEY=VALUE."),
        (("hub", *GITHUB, "--set", "client_secret=x"), "x", 2, "client_secret is a secret"),
    ],
    ids=["slug", "connector", "no secret", "missing", "unknown", "wrong", "no value", "in argv"],
)
def test_a_connection_that_could_not_work_is_refused(
    lite_cli: Cli, words: tuple[str, ...], stdin: str, code: int, said: str
) -> None:
    ended = lite_cli("connection", "create", "-t", "acme", *words, stdin=stdin)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"authgate: {said}")
    assert lite_cli("connection", "list", "-t", "acme", "-o", "json").data == []


def test_a_change_that_could_not_work_changes_nothing(lite_cli: Cli) -> None:
    created(lite_cli)
    before = lite_cli("connection", "show", "github", "-t", "acme", "-o", "json").data
    for words, said in (
        ((), "Say what to change."),
        (("--set", "host="), "config.host: must be a host name"),
        (("--unset", "client_id"), "config.client_id: is missing"),
        (("--secret", "host"), "'host' is no secret of github."),
    ):
        ended = lite_cli("connection", "update", "github", "-t", "acme", *words)
        assert ended.code == 2
        assert ended.err.startswith(f"authgate: {said}")
    assert lite_cli("connection", "show", "github", "-t", "acme", "-o", "json").data == before


def test_a_slug_is_taken_once_and_an_unknown_one_is_not_found(acme_cli: Cli) -> None:
    created(acme_cli)
    again = acme_cli("connection", "create", "github", "-t", "acme", *GITHUB, stdin="x\n")
    assert (again.code, again.err) == (5, "authgate: There is a connection of this name.\n")
    for words in (("show",), ("update", "--label", "X"), ("disable",), ("delete", "--yes")):
        ended = acme_cli("connection", *words, "nothing", "-t", "acme")
        assert (ended.code, ended.err) == (3, "authgate: There is no connection nothing.\n")


def test_a_tenant_without_the_plugin_gets_no_connection(lite_cli: Cli) -> None:
    lite_cli("tenant", "create", "globex")
    ended = lite_cli("connection", "create", "github", "-t", "globex", *GITHUB, stdin="x\n")
    assert ended.code == 3
    assert ended.err.startswith("authgate: No plugin that the tenant has enabled brings 'github'")


def test_another_tenants_connection_is_unknown(acme_cli: Cli) -> None:
    created(acme_cli)
    acme_cli("tenant", "create", "globex", "--setting", "enabled_plugins=github")
    assert acme_cli("connection", "list", "-t", "globex", "-o", "json").data == []
    for words in (("show",), ("disable",), ("delete", "--yes")):
        assert acme_cli("connection", *words, "github", "-t", "globex").code == 3
    [listed] = acme_cli("connection", "list", "-t", "acme", "-o", "json").data
    assert listed["enabled"] is True


def test_the_settings_of_each_connector_are_told(lite_cli: Cli) -> None:
    told = lite_cli("connection", "types", "-t", "acme", "-o", "json").data
    assert {(each["setting"], each["kind"], each["required"]) for each in told} == {
        ("client_id", "text", True),
        ("client_secret", "secret", True),
        ("host", "text", False),
    }


def test_a_test_shows_each_step_and_fails_where_one_does(lite_cli: Cli) -> None:
    assert lite_cli("tenant", "set", "acme", "enabled_plugins=github,oidc").code == 0
    created(lite_cli)
    ended = lite_cli("connection", "test", "github", "-t", "acme")
    assert ended.code == 0
    assert "http://localhost:8080/t/acme/login/github/trial" in ended.out + ended.err
    words = ("--connector", "oidc", "--set", "issuer=https://127.0.0.1", "--set", "client_id=a")
    assert lite_cli("connection", "create", "idp", "-t", "acme", *words, stdin="x\n").code == 0
    ended = lite_cli("connection", "test", "idp", "-t", "acme", "-o", "json")
    assert ended.code != 0
    steps = [(each["name"], each["passed"]) for each in ended.data["steps"]]
    assert steps == [("Settings", True), ("Discovery document", False)]


def test_the_rules_of_a_connection_are_set_by_command(lite_cli: Cli) -> None:
    created(lite_cli, "github", "--allowed-domains", "acme.example,acme.net")
    words = ("--newcomers", "refused", "--email-domains", "acme.example")
    assert lite_cli("connection", "update", "github", "-t", "acme", *words).code == 0
    shown = lite_cli("connection", "show", "github", "-t", "acme", "-o", "json").data
    assert shown["rules"] == {
        "newcomers": "refused",
        "provisioned": "nothing",
        "allowed_domains": ["acme.example", "acme.net"],
        "email_domains": ["acme.example"],
        "groups": {},
        "sign_in_form": False,
    }


def test_a_group_that_is_gone_stands_in_no_other_changes_way_and_is_taken_out(
    lite_cli: Cli,
) -> None:
    created(lite_cli)
    here = ("-t", "acme")
    assert lite_cli("group", "create", "staff", *here).code == 0
    staff = lite_cli("group", "show", "staff", *here, "-o", "json").data["id"]
    update = ("connection", "update", "github", *here)
    assert lite_cli(*update, f"--group=acme/staff={staff}").code == 0
    assert lite_cli("group", "delete", "staff", *here, "--yes").code == 0
    ended = lite_cli(*update, "--secret", "client_secret", "--label", "Hub", stdin="fresh\n")
    assert ended.code == 0, ended.err
    assert "rules.groups" in lite_cli(*update, "--newcomers", "refused").err
    assert lite_cli(*update, "--newcomers", "refused", "--no-group", "acme/staff").code == 0
    shown = lite_cli("connection", "show", "github", *here, "-o", "json").data
    assert (shown["rules"]["newcomers"], shown["rules"]["groups"]) == ("refused", {})
