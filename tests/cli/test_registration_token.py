"""``authgate client registration-token``."""

from uuid import uuid4

from authgate_testing.command import Cli

TOKENS = ("client", "registration-token")


def test_a_token_is_shown_once_listed_and_taken_back(acme_cli: Cli) -> None:
    words = ("create", "-t", "acme", "--uses", "5", "--for", "the mobile team", "-o", "json")
    made = acme_cli(*TOKENS, *words)
    assert made.code == 0, made.err
    assert "Shown this once" in made.err
    assert made.data["initial_access_token"].startswith("agreg_")
    [listed] = acme_cli(*TOKENS, "list", "-t", "acme", "-o", "json").data
    assert (listed["for"], listed["uses_left"]) == ("the mobile team", 5)
    assert listed["id"] == made.data["id"]
    assert "initial_access_token" not in listed
    assert acme_cli(*TOKENS, "revoke", "-t", "acme", listed["id"]).code == 0
    assert acme_cli(*TOKENS, "list", "-t", "acme", "-o", "json").data == []
    told = acme_cli("audit", "tail", "-t", "acme", "-o", "json")
    assert made.data["initial_access_token"] not in told.out
    assert "CLIENT_REGISTRATION_ALLOWED" in told.out
    assert "CLIENT_REGISTRATION_WITHDRAWN" in told.out


def test_a_token_of_another_tenant_is_not_there(lite_cli: Cli) -> None:
    assert lite_cli("tenant", "create", "globex").code == 0
    made = lite_cli(*TOKENS, "create", "-t", "acme", "-o", "json")
    refused = lite_cli(*TOKENS, "revoke", "-t", "globex", made.data["id"])
    assert refused.code != 0
    assert "There is no initial access token" in refused.err
    assert lite_cli(*TOKENS, "revoke", "-t", "acme", str(uuid4())).code == refused.code
