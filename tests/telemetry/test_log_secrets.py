"""No secret reaches a log line: not by name, not inside of a text, not in an error."""

import base64
import logging
import os
import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

import jwt
import pytest
import structlog
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from authgate.audit.details import UnknownKind
from authgate.audit.details import told as told_in_audit_log
from authgate.vocabulary import ClientStatus

log = structlog.get_logger("authgate.test")

PRIVATE_KEY = (
    generate_private_key(SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
ACCESS_TOKEN = jwt.encode({"sub": "alice", "scope": "openid"}, PRIVATE_KEY, algorithm="ES256")

BY_THEIR_LOOK = {
    "access token": ACCESS_TOKEN,
    "device code": secrets.token_urlsafe(32),
    "session key": secrets.token_urlsafe(32),
    "client secret": secrets.token_urlsafe(48),
    "key-encryption key": base64.b64encode(os.urandom(32)).decode(),
    "key-encryption key in hex": os.urandom(32).hex(),
    "hash of a token": secrets.token_hex(32),
    "user code": "BCDF-GHJK",
    "user code, typed": "wxzv-tsrq",
    "user code, bare": "WDJBMJHT",
    "private key": PRIVATE_KEY,
    "password hash": PasswordHasher(time_cost=1, memory_cost=64).hash("x"),
}
BY_THEIR_NAME = {
    "password": "tr0ub4dor & three",
    "new_password": "hunter2",
    "client_secret": "s3cr3t",
    "device_code": "short",
    "user_code": "bcdfghjk",
    "code": "SplxlOBeZQQYbYS6WxSbIA",
    "code_verifier": "dBjftJeZ4CVP",
    "client_assertion": "signed",
    "access_token": "opaque",
    "refresh_token": "opaque2",
    "id_token": "opaque3",
    "authorization": "Basic YWxpY2U6aHVudGVyMg",
    "cookie": "authgate_session=abc; other=def",
    "set-cookie": "authgate_session=ghi; Path=/",
    "csrf": "jklm",
    "api_key": "nopq",
    "otp": "123456",
}


def say(text: str, **fields: object) -> None:
    log.info(text, **fields)


def within_context(name: str, secret: str) -> None:
    with structlog.contextvars.bound_contextvars(**{name: secret}):
        log.info("asked")


class _Failed(Exception):
    pass


WAYS: dict[str, Callable[[str, str], None]] = {
    "a field": lambda name, secret: log.info("asked", **{name: secret}),
    "a field, as bytes": lambda name, secret: log.info("asked", **{name: secret.encode()}),
    "a nested field": lambda name, secret: log.info("asked", form=[{"deep": {name: secret}}]),
    "JSON in a text": lambda name, secret: say(f'{{"{name}": "{secret}"}}'),
    "a form in a text": lambda name, secret: say(f"body: a=1&{name}={secret}&b=2"),
    "the query of a URL": lambda name, secret: say(f"GET /login?{name}={secret} refused"),
    "a URL elsewhere": lambda name, secret: log.info(
        "to", url=f"https://a.example/?{name}={secret}"
    ),
    "a fragment": lambda name, secret: log.info("to", url=f"https://a.example/#{name}={secret}"),
    "a dictionary in a text": lambda name, secret: log.info("got %s", {name: secret}),
    "a library's line": lambda name, secret: logging.getLogger("tortoise").warning(
        "values: %s", [{name: secret}]
    ),
    "a bound context": within_context,
    "an error": lambda name, secret: _failing(f"refused {name}={secret}"),
    "the cause of an error": lambda name, secret: _failing("refused", _Failed(f"{name}={secret}")),
}


def _failing(message: str, cause: Exception | None = None) -> None:
    try:
        raise _Failed(message) from cause
    except _Failed:
        log.exception("it broke")


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("way", WAYS)
def test_co_14_no_secret_is_logged_in_any_way(configured: Any, log_format: str, way: str) -> None:
    written = configured(log_format=log_format, log_level="debug")
    for name, secret in (BY_THEIR_LOOK | BY_THEIR_NAME).items():
        WAYS[way](name.replace(" ", "_"), secret)
    for secret in _telling(BY_THEIR_LOOK | BY_THEIR_NAME):
        assert secret not in written.text, f"{secret!r}, logged as {way}"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_co_14_a_secret_without_a_name_is_known_by_its_look(
    configured: Any, log_format: str
) -> None:
    written = configured(log_format=log_format)
    for secret in BY_THEIR_LOOK.values():
        say(f"got {secret} from a stranger", value=secret, values=[secret, (secret,)])
        logging.getLogger("hypercorn.error").warning("head: %s", secret)
    for secret in _telling(BY_THEIR_LOOK):
        assert secret not in written.text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", "DPoP"])
def test_co_14_credentials_in_a_header_are_not_logged(written: Any, scheme: str) -> None:
    say(f"sent {scheme} YWxpY2U6aHVudGVyMg== to them")
    assert "YWxpY2U6" not in written.text


def test_co_14_passwords_in_the_urls_of_services_are_not_logged(written: Any) -> None:
    log.error("away", url="postgres://app:s3cr3t@db.example:5432/authgate")
    log.error("redis://:s3cr3t@cache.example:6379/0 is away")
    log.error("away", url=SecretStr("s3cr3t"))
    assert "s3cr3t" not in written.text
    assert "db.example:5432/authgate" in written.text


def test_co_14_a_secret_at_the_cut_is_not_half_logged(written: Any) -> None:
    secret = secrets.token_urlsafe(48)
    for before in range(940, 1060):
        log.info("asked", value=f"{'x ' * (before // 2)}{secret}")
    assert secret[:12] not in written.text


def test_an_address_of_a_person_is_not_logged_whole(written: Any) -> None:
    log.info("mail for alice.doe@example.com")
    assert written.line["event"] == "mail for a***@example.com"


@pytest.mark.parametrize(
    "harmless",
    [
        "0193e0c2-1234-7abc-8def-1234567890ab",
        "https://id.example/t/acme/oauth/token",
        "the migration 0002_connections is pending",
        "authgate.storage.batches.append_log",
        "/srv/authgate/storage/batches/append_log.py:12 in AppendLog._commit_one_by_one",
        "UniqueViolationError: duplicate key value violates unique constraint",
        "exit code: 1",
        "2026-11-23 18:45:50.235+00:00",
    ],
)
def test_what_is_no_secret_stays_legible(written: Any, harmless: str) -> None:
    log.info("seen", value=harmless)
    assert written.line["value"] == harmless


def test_counts_stay_legible_whatever_they_count(written: Any) -> None:
    log.info("removed", tokens=5, rows={"tokens": 5, "device_codes": 2})
    assert written.line["tokens"] == 5
    assert written.line["rows"] == {"tokens": 5, "device_codes": 2}


def _telling(secrets_by_name: dict[str, str]) -> list[str]:
    """What would give a secret away: the whole of it, or a good part of a long one."""
    lines = [line for secret in secrets_by_name.values() for line in secret.splitlines()]
    return [
        line if len(line) < 24 else line[8:24] for line in lines if not line.startswith("-----")
    ]


def test_in_the_audit_log_secrets_are_known_by_their_types_and_not_by_their_names() -> None:
    told = {
        "is": {"longest_access_token": 900, "token_per_client": "5/s", "rotates_tokens": False},
        "given": SecretStr("s3cret"),
        "sealed": [b"\x00", {"key": b"\x01"}],
        "key": "a-kid",
        "id_token_signed_response_alg": "ES256",
        "status": ClientStatus.ACTIVE,
        "by": UUID(int=1),
        "roles": frozenset({"b", "a"}),
    }
    assert told_in_audit_log(told) == {
        "is": {"longest_access_token": 900, "token_per_client": "5/s", "rotates_tokens": False},
        "given": "***",
        "sealed": ["***", {"key": "***"}],
        "key": "a-kid",
        "id_token_signed_response_alg": "ES256",
        "status": "active",
        "by": "00000000-0000-0000-0000-000000000001",
        "roles": ["a", "b"],
    }


def test_in_the_audit_log_what_a_protocol_calls_a_secret_is_one_though_it_is_a_text() -> None:
    told = {"code": "abc", "access_token": "x.y.z", "secret": "", "token": 7, "codes": ["a"]}
    assert told_in_audit_log(told | {"by": {"password": ["p"]}}) == {
        "code": "***",
        "access_token": "***",
        "secret": "",
        "token": 7,
        "codes": ["a"],
        "by": {"password": ["***"]},
    }


def test_in_the_audit_log_what_may_be_a_secret_is_refused_by_tests_and_never_told() -> None:
    with pytest.warns(UnknownKind, match="a object"):
        assert told_in_audit_log({"x": object()}) == {"x": "***"}
