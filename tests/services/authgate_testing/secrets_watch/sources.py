"""Where secrets come from: what notes them as they are made, given, typed or sent.

In this process they are noted where the product makes, seals or reads them; of other processes,
what they are given at their start and what they answer.
"""

import asyncio
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pydantic import BaseModel, SecretStr

from authgate.accounts.passwords import Passwords
from authgate.settings import Settings
from authgate_tenants.encryption import TenantCipher
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_testing.secrets_watch import exchanged
from authgate_testing.secrets_watch.watch import Watch

_MADE_IN = {
    "authgate.accounts.known_browsers": "mark of a browser",
    "authgate.accounts.pending_login": "state or code verifier",
    "authgate.accounts.visits": "key of a browser without a session",
    "authgate.storage.clients.secrets": "client secret",
    "authgate.storage.grants.device_codes": "device code",
    "authgate.storage.sign_in.sessions": "key of a session",
    "authgate_testing.guarded_postgres": "database password",
    "authgate_testing.guarded_redis": "Redis password",
}
_PUBLISHED_BY = {
    "authgate_tenants.domains",  # the proof of a domain stands in the DNS
    "authgate.accounts.external_accounts",  # the end of a user name
    "authgate.testing.key_contract",  # of nobody, and told on purpose by a faulty plugin
}
_OURS = ("authgate.", "authgate_")
_MAKES = "authgate.storage.random_secrets"
_SIGNING_KEY, _CONNECTION, _MAIL_SERVER = "signing-key", "connection", "mail-server"
_SECRET_VARIABLES = ("_URL", "KEK", "KEKS", "TOKEN", "HEADERS", "PASSWORD", "SECRET")
_PRINTED = re.compile(rb"agsec_[\w-]{20,}")
"""Secrets of clients, by what they begin with."""

_MOST_READ = 1_000_000


def install(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    """Note from now on."""
    _note_made(patch, watch)
    _note_settings(patch, watch)
    _note_sealed(patch, watch)
    _note_passwords(patch, watch)
    _note_exchanged(patch, watch)
    _note_given_to_processes(patch, watch)
    _note_printed(patch, watch)


def _note_made(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    def noting(make: Callable[[int | None], str | bytes]) -> Callable[..., str | bytes]:
        def made(nbytes: int | None = None) -> str | bytes:
            secret, maker = make(nbytes), _maker()
            if maker.startswith(_OURS) and maker not in _PUBLISHED_BY:
                watch.note(_MADE_IN.get(maker, f"secret of {maker}"), secret)
            return secret

        return made

    for name in ("token_bytes", "token_hex", "token_urlsafe"):
        patch.setattr(secrets, name, noting(getattr(secrets, name)))


def _maker() -> str:
    """The module that has wanted a secret, which it may have had made by the one that does so."""
    frame = sys._getframe(2)
    if frame.f_globals.get("__name__") == _MAKES and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


def _note_settings(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    begin = Settings.__init__

    def began(self: Settings, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        for name, value in _secrets_of(self):
            watch.note(f"setting {name}", value)

    patch.setattr(Settings, "__init__", began)
    read = KeyEncryptionKey.from_text.__func__  # type: ignore[attr-defined]  # of a class method

    def from_text(cls: type[KeyEncryptionKey], text: str) -> KeyEncryptionKey:
        key: KeyEncryptionKey = read(cls, text)
        watch.note("key-encryption key", text.strip())
        return key

    patch.setattr(KeyEncryptionKey, "from_text", classmethod(from_text))


def _secrets_of(section: BaseModel) -> Iterator[tuple[str, str]]:
    for name, value in section.__dict__.items():
        if isinstance(value, BaseModel):
            yield from _secrets_of(value)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, SecretStr):
                yield from ((name, part) for part in _secret_parts(each.get_secret_value()))


def _secret_parts(value: str) -> Iterator[str]:
    """The value itself; of an address, the password in it."""
    if "://" not in value:
        yield value
        return
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        return
    yield from {password, unquote(password)}


def _note_sealed(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    seal = TenantCipher.seal

    def sealed(self: TenantCipher, *, kind: str, object_id: str, plaintext: bytes) -> bytes:
        for secret in _sealed_secrets(kind, plaintext):
            watch.note(kind, secret)
        return seal(self, kind=kind, object_id=object_id, plaintext=plaintext)

    patch.setattr(TenantCipher, "seal", sealed)


def _sealed_secrets(kind: str, plaintext: bytes) -> Iterator[str | bytes]:
    if kind.startswith(_SIGNING_KEY):
        yield _private_part(plaintext)
    elif kind == _MAIL_SERVER and plaintext:
        yield plaintext
    elif kind == _CONNECTION:
        yield from (each for each in orjson.loads(plaintext).values() if isinstance(each, str))


def _private_part(plaintext: bytes) -> bytes:
    """Of a key whose encoding holds its public half as well, the other half."""
    try:
        key = load_der_private_key(plaintext, password=None)
    except ValueError:
        return plaintext
    if isinstance(key, EllipticCurvePrivateKey):
        return key.private_numbers().private_value.to_bytes(key.key_size // 8, "big")
    assert isinstance(key, RSAPrivateKey)
    return key.private_numbers().d.to_bytes(key.key_size // 8, "big")


def _note_passwords(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    choose, compare = Passwords.hash, Passwords._matches

    async def chosen(self: Passwords, password: str, *, about: Collection[str] = ()) -> str:
        watch.note("password", password)
        return await choose(self, password, about=about)

    async def typed(
        self: Passwords, stored: str | None, password: str, others: Collection[str]
    ) -> bool:
        watch.note("password", password)
        return await compare(self, stored, password, others)

    patch.setattr(Passwords, "hash", chosen)
    patch.setattr(Passwords, "_matches", typed)


def _note_exchanged(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    ask, ask_async = httpx2.Client.send, httpx2.AsyncClient.send

    def asked(self: httpx2.Client, request: httpx2.Request, **options: Any) -> httpx2.Response:
        return _noted(ask(self, request, **options))

    async def asked_async(
        self: httpx2.AsyncClient, request: httpx2.Request, **options: Any
    ) -> httpx2.Response:
        return _noted(await ask_async(self, request, **options))

    def _noted(response: httpx2.Response) -> httpx2.Response:
        for each in (*response.history, response):
            note_exchange(watch, each)
        return response

    patch.setattr(httpx2.Client, "send", asked)
    patch.setattr(httpx2.AsyncClient, "send", asked_async)


def note_exchange(watch: Watch, response: httpx2.Response) -> None:
    """Note what was answered; read what was measured."""
    for kind, secret in _exchanged(response):
        watch.note(kind, secret)
    if response.url.path.endswith("/metrics") and response.is_closed:
        watch.read("metrics: an answer", response.content)


def _exchanged(response: httpx2.Response) -> exchanged.Found:
    # Not what was asked with: that may be anything, and what is right in it was issued before.
    for value in response.headers.get_list("set-cookie"):
        yield from exchanged.in_cookies(value)
    if response.is_stream_consumed and len(response.content) < _MOST_READ:
        yield from exchanged.in_json(response.content)
        if "text/html" in response.headers.get("content-type", ""):
            yield from exchanged.in_page(response.text)


def _note_given_to_processes(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    start = subprocess.Popen.__init__

    def started(self: Any, args: Any, *others: Any, **options: Any) -> None:
        for name, value in _variables(args, options.get("env") or {}):
            for part in _secret_parts(value):
                watch.note(f"variable {name}", part)
        start(self, args, *others, **options)

    patch.setattr(subprocess.Popen, "__init__", started)


def _variables(args: object, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    words = args if isinstance(args, list | tuple) else []
    given = [str(word).partition("=")[::2] for word in words if not isinstance(word, PurePath)]
    for name, value in (*environment.items(), *given):
        if str(name).startswith("AUTHGATE_") and str(name).endswith(_SECRET_VARIABLES):
            yield str(name), str(value)


def _note_printed(patch: pytest.MonkeyPatch, watch: Watch) -> None:
    end, end_async = subprocess.Popen.communicate, asyncio.subprocess.Process.communicate

    def ended(self: Any, *given: Any, **options: Any) -> Any:
        said = end(self, *given, **options)
        _note_what_is_printed(watch, said[0])
        return said

    async def ended_async(self: Any, *given: Any) -> Any:
        said = await end_async(self, *given)
        _note_what_is_printed(watch, said[0])
        return said

    patch.setattr(subprocess.Popen, "communicate", ended)
    patch.setattr(asyncio.subprocess.Process, "communicate", ended_async)


def _note_what_is_printed(watch: Watch, out: str | bytes | None) -> None:
    text = out.encode() if isinstance(out, str) else out or b""
    for secret in _PRINTED.findall(text):
        watch.note("client secret", secret)
    for kind, secret in exchanged.in_json(text):
        watch.note(kind, secret)
