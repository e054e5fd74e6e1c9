"""``authgate plan``."""

import pytest

from authgate_testing.command import Cli


def test_a_plan_is_made_given_and_removed_again(cli: Cli) -> None:
    assert cli("tenant", "create", "acme").code == 0
    assert cli("tenant", "show", "acme", "--json").data["plan"] == "default"
    made = cli("plan", "set", "team", "clients=3", "limits.token_per_client=9/s burst 9")
    assert made.code == 0, made.err
    shown = cli("plan", "show", "team", "--json").data
    assert (shown["clients"], shown["users"]) == (3, None)
    assert shown["limits"] == {"token_per_client": "9/s burst 9"}
    assert cli("plan", "assign", "team", "acme").code == 0
    assert cli("tenant", "show", "acme", "--json").data["plan"] == "team"
    event = cli("audit", "tail", "--json").data[-1]
    assert event["event_type"] == "TENANT_PLAN_CHANGED"
    assert event["details"] == {"was": "default", "is": "team"}

    refused = cli("plan", "remove", "team")
    assert (refused.code, "Tenants have the plan team" in refused.err) == (5, True)
    assert cli("plan", "assign", "default", "acme").code == 0
    assert cli("plan", "remove", "team").code == 0
    assert cli("plan", "show", "team").code == 3


def test_a_built_in_plan_is_changed_and_is_as_it_was_again_and_the_operators_log_says_so(
    lite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHGATE_OPERATOR_TENANT", "acme")
    before = lite_cli("plan", "show", "free", "--json").data
    assert lite_cli("plan", "set", "free", "clients=", "users=5").code == 0
    after = lite_cli("plan", "show", "free", "--json").data
    assert after == before | {"clients": None, "users": 5}
    assert lite_cli("plan", "remove", "free").code == 0
    assert lite_cli("plan", "show", "free", "--json").data == before
    told = [
        (each["event_type"], {was: plan["users"] for was, plan in each["details"].items()})
        for each in lite_cli("audit", "tail", "-n", "2", "--tenant", "acme", "--json").data
    ]
    assert told == [("PLAN_CHANGED", {"was": 1000, "is": 5}), ("PLAN_REMOVED", {"was": 5})]
    names = [each["name"] for each in lite_cli("plan", "list", "--json").data]
    assert names == ["business", "default", "free"]


def test_what_no_plan_can_say_is_refused(lite_cli: Cli) -> None:
    for word in ("clients", "colour=red", "clients=many", "clients=-1", "limits.login_per_ip=x"):
        assert lite_cli("plan", "set", "team", word).code == 2, word
    assert lite_cli("plan", "set", "team", "limits.nothing=5/s").code == 2
    assert lite_cli("plan", "set", "Team", "clients=1").code == 2
    assert lite_cli("plan", "assign", "team", "acme").code == 3
