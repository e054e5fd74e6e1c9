"""``authgate audit tail``."""

import json
import os
import subprocess
import sys
from pathlib import Path

from authgate.admin.catalogue import OPERATIONS
from authgate.cli.doors import local_door
from authgate.cli.doors.admin_api import Asked
from authgate_testing.command import Cli


def test_the_newest_events_of_all_tenants_come_in_their_order(acme_cli: Cli) -> None:
    acme_cli("tenant", "create", "globex")
    acme_cli("user", "create", "-t", "acme", "mira")
    events = acme_cli("audit", "tail", "-o", "json").data
    assert [(each["tenant"], each["event_type"]) for each in events] == [
        ("acme", "TENANT_CREATED"),
        ("globex", "TENANT_CREATED"),
        ("acme", "USER_CREATED"),
    ]
    assert [each["tenant"] for each in acme_cli("audit", "tail", "-n", "2", "-o", "json").data] == [
        "globex",
        "acme",
    ]
    assert acme_cli("audit", "tail", "-n", "0", "-o", "json").data == []


def test_one_tenant_s_events_are_shown_alone(lite_cli: Cli) -> None:
    lite_cli("tenant", "create", "globex")
    ended = lite_cli("audit", "tail", "--tenant", "globex")
    assert "TENANT_CREATED" in ended.out
    assert "acme" not in ended.out
    assert lite_cli("audit", "tail", "--tenant", "nowhere").code == 3


def test_it_follows_what_happens_until_interrupted(acme_cli: Cli, tmp_path: Path) -> None:
    follow = subprocess.Popen(
        [sys.executable, "-m", "authgate", "audit", "tail", "-f", "-o", "json"],
        cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert follow.stdout is not None
        assert json.loads(follow.stdout.readline())["event_type"] == "TENANT_CREATED"
        acme_cli("user", "create", "-t", "acme", "mira")
        told = json.loads(follow.stdout.readline())
        assert (told["tenant"], told["event_type"]) == ("acme", "USER_CREATED")
    finally:
        follow.send_signal(2)
        rest, _ = follow.communicate(timeout=10)
    assert rest == ""
    assert follow.returncode == 0


def test_a_stranger_s_name_cannot_command_the_terminal(lite_cli: Cli) -> None:
    """Whoever fails to sign in chooses a name that the audit log repeats."""
    evil = "\x1b]0;pwned\x07\u009b31m\u202eadmin"
    lite_cli("client", "create", "-t", "acme", "--name", evil, "--grant", "device_code")
    for output in ("table", "json"):
        shown = lite_cli("client", "list", "-t", "acme", "-o", output).out
        assert not set("\x1b\x07\u009b\u202e") & set(shown)


def test_au_10_what_is_read_of_programs_and_people_at_the_machine_is_in_the_tenants_log(
    lite_cli: Cli,
) -> None:
    for noun in ("client", "client", "user"):
        lite_cli(noun, "list", "-t", "acme")
    seen = ("audit", "list", "-t", "acme", "--type", "TENANT_DATA_VIEWED", "-o", "json")
    told = sorted(each["details"]["area"] for each in lite_cli(*seen).data)
    assert told == ["command:clients", "command:users"]


TELLS_OF_NONE = {
    "audit": "who looks at the log is in it: AUDIT_LOG_VIEWED",
    "connections": "other providers",
    "domains": "hosts",
    "exports": "who takes a file along is in the log",
    "jobs": "what is done, by kind",
    "keys": "public keys",
    "limits": "networks",
    "resource-servers": "addresses of services",
    "scopes": "words",
    "settings": "what the tenant chooses",
    "usage": "sums",
    "webhooks": "addresses of services",
}
"""What is read of no people and programs, and why."""


def test_au_10_each_list_that_is_read_at_the_machine_is_in_the_log_unless_it_tells_of_none(
    lite_cli: Cli,
) -> None:
    lists = [each for each in OPERATIONS if not each.changes and "{" not in each.path]
    with local_door.opened("acme") as door:
        for each in lists:
            assert door.send(Asked("GET", each.path)).status in (200, 404), each.path
    told = {each.area for each in lists} - set(TELLS_OF_NONE) | {"alerts"}
    assert told > {"users", "clients", "authorizations", "scim"}
    seen = ("audit", "list", "-t", "acme", "--type", "TENANT_DATA_VIEWED", "-o", "json")
    looked = {each["details"]["area"] for each in lite_cli(*seen).data}
    assert looked == {f"command:{area}" for area in told}
