"""Secrets that go over the wire: in forms, JSON, pages, cookies and credentials."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

import orjson

KINDS = {
    "access_token": "access token",
    "client_secret": "client secret",
    "code": "authorization code",
    "code_verifier": "code verifier",
    "csrf_token": "CSRF value",
    "device_code": "device code",
    "id_token": "ID token",
    "password": "password",
    "refresh_token": "refresh token",
    "user_code": "user code",
}
"""What is secret in a form or in JSON, by its name there."""

Found = Iterator[tuple[str, str]]
"""Kinds and secrets."""

_COOKIE = re.compile(r"(authgate_\w+)=([^;,\s]{8,})")
_CSRF = re.compile(r'<input\b[^>]*\bname="csrf_token"[^>]*\bvalue="([^"]+)"')


def in_form(body: bytes) -> Found:
    """In a urlencoded form."""
    for name, value in parse_qsl(body.decode("latin-1")):
        if name in KINDS:
            yield from _as_typed(name, value)


def in_json(body: bytes) -> Found:
    """In a JSON object."""
    try:
        content = orjson.loads(body)
    except ValueError:
        return
    if isinstance(content, dict):
        for name, value in content.items():
            if name in KINDS and isinstance(value, str):
                yield from _as_typed(name, value)


def in_page(html: str) -> Found:
    """In the forms of a page."""
    yield from ((KINDS["csrf_token"], value) for value in _CSRF.findall(html))


def in_authorization(value: str) -> Found:
    """In the header ``Authorization``."""
    scheme, _, rest = value.partition(" ")
    yield "credentials", rest
    if scheme.lower() == "basic":
        try:
            yield "client secret", unquote(base64.b64decode(rest).decode().partition(":")[2])
        except ValueError:
            return


def in_cookies(header: str) -> Found:
    """In ``Cookie`` or ``Set-Cookie``."""
    yield from ((f"cookie {name}", value) for name, value in _COOKIE.findall(header))


def _as_typed(name: str, value: str) -> Found:
    yield KINDS[name], value
    if name == "user_code":
        yield KINDS[name], value.replace("-", "")
