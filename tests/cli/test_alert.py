"""``authgate alert``, and the commands that the security guide names for an incident."""

import re
from pathlib import Path

from authgate_testing.command import Cli

GUIDE = Path(__file__).parents[2] / "docs/security-guide.md"


def test_rules_are_listed_and_chosen(lite_cli: Cli) -> None:
    assert lite_cli("alert", "set-rule", "export-taken", "off", "-t", "acme").code == 0
    assert lite_cli("alert", "set-rule", "failed-sign-ins", "9/1h", "-t", "acme").code == 0
    rules = {
        each["rule"]: each for each in lite_cli("alert", "rules", "-t", "acme", "-o", "json").data
    }
    assert not rules["export-taken"]["is_on"]
    chosen = rules["failed-sign-ins"]
    assert (chosen["threshold"], chosen["window_minutes"]) == (9, 60)
    assert lite_cli("alert", "set-rule", "export-taken", "default", "-t", "acme").code == 0
    rules = {
        each["rule"]: each for each in lite_cli("alert", "rules", "-t", "acme", "-o", "json").data
    }
    assert rules["export-taken"]["is_on"]
    for bad in (("no-such-rule", "off"), ("export-taken", "often")):
        assert lite_cli("alert", "set-rule", *bad, "-t", "acme").code != 0
    assert lite_cli("alert", "list", "--state", "open", "-t", "acme", "-o", "json").data == []
    unknown = "01a22b9b-242f-72ca-909d-473febcc52b1"
    for act in ("show", "acknowledge", "close"):
        assert lite_cli("alert", act, unknown, "-t", "acme").code == 3, act


def test_what_the_guide_says_of_an_incident_is_done_by_its_commands(lite_cli: Cli) -> None:
    assert lite_cli("user", "create", "-t", "acme", "alice").code == 0
    made = lite_cli(
        "client", "create", "--name", "Nightly", "--grant", "client_credentials",
        "--scope", "read", "-t", "acme", "-o", "json",
    )  # fmt: skip
    assert made.code == 0, made.err
    kid = lite_cli("keys", "list", "-t", "acme", "-o", "json").data[0]["kid"]
    incidents = GUIDE.read_text().partition("## Incidents")[2].partition("### Remediation")[0]
    said = re.findall(r"(?:^|`)(authgate [a-z-]+ [^`\n|]+)", incidents, re.MULTILINE)
    commands = [each.strip() for each in said if "acme" in each]
    assert len(commands) >= 12
    known, done = {"CLIENT_ID": made.data["client_id"], "KID": kid}, set()
    for command in sorted(commands, key=lambda each: "tenant suspend" in each):
        words = command.split()[1:]
        # A provider is there where somebody has set one up.
        if words[:2] == ["connection", "disable"]:
            continue
        ended = lite_cli(*(known.get(each, each) for each in words))
        assert ended.code == 0, (command, ended.err)
        done.add(" ".join(words[:2]))
    expected = {"user disable", "user sign-out", "address-block create", "client disable"}
    expected |= {"client revoke-tokens", "keys rotate", "keys revoke", "tenant suspend"}
    assert expected | {"audit export", "audit verify", "audit list", "alert list"} <= done
