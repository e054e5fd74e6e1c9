"""``authgate keys``."""

import json
import os
from base64 import b64encode
from pathlib import Path

import pytest

from authgate_testing.command import Cli


def test_the_waiting_key_signs_after_a_rotation(acme_cli: Cli) -> None:
    before = {
        key["state"]: key["kid"]
        for key in acme_cli("keys", "list", "-t", "acme", "-o", "json").data
    }
    rotated = acme_cli("keys", "rotate", "--now", "-t", "acme", "-o", "json").data
    assert rotated["active"] == before["pending"]
    assert rotated["retiring"] == before["active"]
    states = [key["state"] for key in acme_cli("keys", "list", "-t", "acme", "-o", "json").data]
    assert states == ["pending", "active", "retiring"]


def test_another_algorithm_begins_with_its_own_keys(lite_cli: Cli) -> None:
    assert lite_cli("keys", "rotate", "--now", "-t", "acme", "--algorithm", "EdDSA").code == 0
    keys = lite_cli("keys", "list", "-t", "acme", "-o", "json").data
    assert {key["algorithm"] for key in keys} == {"ES256", "EdDSA"}


def test_there_is_no_algorithm_none(lite_cli: Cli) -> None:
    ended = lite_cli("keys", "rotate", "--now", "-t", "acme", "--algorithm", "none")
    assert ended.code == 2
    assert "there are ES256" in ended.err


def test_a_key_is_revoked_once(acme_cli: Cli) -> None:
    rotated = acme_cli("keys", "rotate", "--now", "-t", "acme", "-o", "json").data
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


def test_a_key_that_clients_may_not_know_yet_does_not_sign_unless_told_to(acme_cli: Cli) -> None:
    refused = acme_cli("keys", "rotate", "-t", "acme")
    assert refused.code == 5
    assert "--now" in refused.err
    assert acme_cli("keys", "rotate", "-t", "acme", "--now").code == 0


def test_data_keys_are_sealed_again_after_the_key_encryption_key_was_replaced(
    acme_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = Path(".authgate/kek").read_text(encoding="ascii").strip()
    monkeypatch.setenv("AUTHGATE_KEYS__KEK", b64encode(os.urandom(32)).decode())
    monkeypatch.setenv("AUTHGATE_KEYS__RETIRED_KEKS", json.dumps([former]))
    assert "1 data keys" in acme_cli("keys", "rewrap").err
    assert "0 data keys" in acme_cli("keys", "rewrap").err
    monkeypatch.delenv("AUTHGATE_KEYS__RETIRED_KEKS")
    assert acme_cli("keys", "rotate", "--now", "-t", "acme").code == 0
