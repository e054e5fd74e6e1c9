"""``authgate keys``."""

import json
import os
from base64 import b64encode
from pathlib import Path
from typing import get_args

import pytest

from authgate.cli.tenant.keys import ALGORITHMS
from authgate_tenants.settings import SigningAlgorithm
from authgate_testing.command import Cli
from authgate_testing.signing import SigningKey


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
    assert (again.code, again.err) == (5, "authgate: The key is revoked already.\n")
    unknown = acme_cli("keys", "revoke", "-t", "acme", "--yes", "unknown")
    assert (unknown.code, unknown.err) == (3, "authgate: There is no signing key unknown.\n")


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
    assert "or say now" in refused.err
    assert acme_cli("keys", "rotate", "-t", "acme", "--now").code == 0


def test_the_algorithms_are_those_that_a_tenant_may_choose() -> None:
    assert get_args(SigningAlgorithm) == ALGORITHMS


def test_a_key_that_is_brought_waits_and_then_signs(acme_cli: Cli) -> None:
    key = SigningKey.make()
    Path("own.pem").write_text(key.pem(passphrase="open sesame"), encoding="ascii")
    said = ("keys", "import", "-t", "acme", "own.pem", "-o", "json")
    assert acme_cli(*said, stdin="wrong\n").code == 2
    assert acme_cli(*said, stdin="open sesame\n").data["state"] == "pending"
    rotated = acme_cli("keys", "rotate", "--now", "-t", "acme", "-o", "json").data
    assert rotated["active"] == key.thumbprint


def test_another_algorithm_signs_once_clients_know_its_keys(acme_cli: Cli) -> None:
    said = ("keys", "change-algorithm", "EdDSA", "-t", "acme")
    early = acme_cli(*said)
    assert early.code == 5
    assert "Until then ES256 signs." in early.err
    assert acme_cli(*said, "--now").code == 0
    shown = acme_cli("tenant", "show", "acme", "-o", "json").data
    assert "EdDSA" in json.dumps(shown)


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
