"""``authgate keys``."""

from authgate_testing.command import Cli


def test_the_waiting_key_signs_after_a_rotation(acme_cli: Cli) -> None:
    before = {
        key["state"]: key["kid"]
        for key in acme_cli("keys", "list", "-t", "acme", "-o", "json").data
    }
    rotated = acme_cli("keys", "rotate", "-t", "acme", "-o", "json").data
    assert rotated["active"] == before["pending"]
    assert rotated["retiring"] == before["active"]
    states = [key["state"] for key in acme_cli("keys", "list", "-t", "acme", "-o", "json").data]
    assert states == ["pending", "active", "retiring"]


def test_another_algorithm_begins_with_its_own_keys(lite_cli: Cli) -> None:
    assert lite_cli("keys", "rotate", "-t", "acme", "--algorithm", "EdDSA").code == 0
    keys = lite_cli("keys", "list", "-t", "acme", "-o", "json").data
    assert {key["algorithm"] for key in keys} == {"ES256", "EdDSA"}


def test_there_is_no_algorithm_none(lite_cli: Cli) -> None:
    ended = lite_cli("keys", "rotate", "-t", "acme", "--algorithm", "none")
    assert ended.code == 2
    assert "there are ES256" in ended.err


def test_a_key_is_revoked_once(acme_cli: Cli) -> None:
    rotated = acme_cli("keys", "rotate", "-t", "acme", "-o", "json").data
    assert acme_cli("keys", "revoke", "-t", "acme", "--yes", rotated["retiring"]).code == 0
    again = acme_cli("keys", "revoke", "-t", "acme", "--yes", rotated["retiring"])
    assert again.code == 3
    assert again.err.endswith("or it is revoked already.\n")


def test_it_asks_before_a_key_is_revoked(lite_cli: Cli) -> None:
    [_, active] = lite_cli("keys", "list", "-t", "acme", "-o", "json").data
    words = ("keys", "revoke", "-t", "acme", active["kid"])
    for answer in ("n\n", ""):
        refused = lite_cli(*words, stdin=answer)
        assert refused.code == 1
        assert refused.out == ""
    assert lite_cli(*words, stdin="y\n").code == 0
    states = [key["state"] for key in lite_cli("keys", "list", "-t", "acme", "-o", "json").data]
    assert "revoked" in states
    assert "active" in states
