"""A plugin that keeps the key-encryption key: the page's own, and a vault on this machine."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from authgate.installation import key_encryption_keys
from authgate.plugin_manager import ProviderFailed, key_providers
from authgate.settings import KeySettings
from authgate.testing import KeyProviderContract
from authgate_tenants.key_encryption import (
    KeyEncryptionKey,
    KeyProviderFailed,
    WeakKeyEncryptionKey,
)

PAGE = (Path(__file__).parents[2] / "docs/plugin-hooks.md").read_text()
EXAMPLE = PAGE.partition("## `wrap_key(key)`")[2].partition("```python\n")[2].partition("```")[0]
TOKEN = "hvs.of-this-test"


@dataclass
class PretendVault:
    """The transit engine: one key, which never leaves it."""

    key: AESGCM = field(default_factory=lambda: AESGCM(os.urandom(32)))
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def answer(self, verb: str, said: dict[str, str]) -> dict[str, str] | None:
        self.asked.append(verb)
        if verb == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + self.key.encrypt(nonce, said["plaintext"].encode(), None)
            return {"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}"}
        sealed = base64.b64decode(said["ciphertext"].removeprefix("vault:v1:"))
        try:
            return {"plaintext": self.key.decrypt(sealed[:12], sealed[12:], None).decode()}
        except (InvalidTag, ValueError):
            return None


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, install: Any) -> Iterator[PretendVault]:
    """The plugin of the page, installed, and what it speaks to."""
    pretended = PretendVault()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["content-length"])))
            may = self.headers["x-vault-token"] == TOKEN and not pretended.down
            verb = self.path.removeprefix("/v1/transit/").removesuffix("/authgate")
            data = pretended.answer(verb, said) if may else None
            body = json.dumps({"data": data}).encode()
            self.send_response(200 if data else 403)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    install("vault", EXAMPLE)
    yield pretended
    key_providers.unwrapped.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


def settings(kept: str, *retired: str) -> KeySettings:
    former = tuple(SecretStr(each) for each in retired)
    return KeySettings(kek=SecretStr(kept), retired_keks=former, provider="vault")


def kept_of(key: bytes) -> str:
    return base64.b64encode(key_providers.wrapped("vault", key)).decode()


def test_the_plugin_of_the_page_keeps_the_contract(vault: PretendVault) -> None:
    key = os.urandom(32)
    first, second = (key_providers.wrapped("vault", key) for _ in range(2))
    assert first != second
    assert key not in first
    assert key_providers.unwrapped("vault", first) == key
    assert key_providers.unwrapped("vault", second) == key
    changed = bytearray(base64.b64decode(first.removeprefix(b"vault:v1:")))
    changed[-1] ^= 1
    with pytest.raises(ProviderFailed):
        key_providers.unwrapped("vault", b"vault:v1:" + base64.b64encode(changed))


def test_the_same_key_is_the_same_key_however_it_is_kept(vault: PretendVault) -> None:
    key, former = os.urandom(32), os.urandom(32)
    found = key_encryption_keys(settings(kept_of(key), kept_of(former)), may_create=False)
    plain = [KeyEncryptionKey.from_text(base64.b64encode(each).decode()) for each in (key, former)]
    assert found == plain


def test_a_service_that_is_away_stops_who_starts_and_nobody_else(vault: PretendVault) -> None:
    kept = settings(kept_of(os.urandom(32)))
    before = key_encryption_keys(kept, may_create=False)
    vault.down = True
    assert key_encryption_keys(kept, may_create=False) == before
    key_providers.unwrapped.cache_clear()  # as in a process that starts
    with pytest.raises(KeyProviderFailed, match=r"'vault' failed: unwrap_key raised"):
        key_encryption_keys(kept, may_create=False)


def test_what_fails_tells_nothing_of_the_key(vault: PretendVault, install: Any) -> None:
    install(
        "leaky",
        """
        from authgate.plugin_api import hookimpl

        plugin_api_version = "1.0"

        @hookimpl
        def wrap_key(key):
            raise ValueError(key.hex())

        @hookimpl
        def unwrap_key(wrapped):
            return wrapped.hex()
        """,
    )
    key = os.urandom(32)
    for ask in (key_providers.wrapped, key_providers.unwrapped):
        with pytest.raises(ProviderFailed) as refused:
            ask("leaky", key)
        assert key.hex() not in repr(refused.value)
        assert refused.value.__cause__ is None


def test_a_key_that_is_kept_well_and_could_be_guessed_is_refused(vault: PretendVault) -> None:
    with pytest.raises(WeakKeyEncryptionKey):
        key_encryption_keys(settings(kept_of(b"a" * 32)), may_create=False)


@pytest.mark.parametrize("kept", ["no base64!", base64.b64encode(b"vault:v1:AAAA").decode()])
def test_what_the_plugin_has_not_kept_is_refused(vault: PretendVault, kept: str) -> None:
    with pytest.raises(KeyProviderFailed):
        key_encryption_keys(settings(kept), may_create=False)


def test_without_such_a_plugin_nothing_starts() -> None:
    nobody = KeySettings(kek=SecretStr("AAAA"), provider="nobody")
    with pytest.raises(KeyProviderFailed, match="No plugin 'nobody'"):
        key_encryption_keys(nobody, may_create=False)


@pytest.mark.usefixtures("vault")
class TestVault(KeyProviderContract):
    """The plugin of the page keeps what every plugin has to keep that keeps keys."""

    plugin = "vault"
