"""Whatever reads a stranger's text refuses it or reads it, and never takes long.

The texts are good ones with something changed, so that they get past the first look. ``--rounds
100`` tries a hundred times as many, all different.
"""

import base64
import re
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st

from authgate.accounts.device_verification import normalized
from authgate.oauth import claims_parameter, dpop
from authgate.oauth.client_authentication import _basic
from authgate.oauth.errors import OAuthError
from authgate.registration import metadata
from authgate.storage.paging import BadCursor, Cursor, Order
from authgate.tokens import scopes, verifier
from authgate.tokens.foreign_jwt import ForeignJwt
from authgate.tokens.jws import InvalidToken
from authgate.vocabulary import ApplicationType
from authgate.web import redirect_uris
from authgate.web.machine import BadRequest, MachineRequest, parse_form, parse_json_object
from authgate.web.redirect_uris import BadRedirectUri
from authgate_tenants import use_tenant
from authgate_testing.tenants import ACME

RUNS = 400
"""Of each parser, in one round."""
SECONDS = 0.1

REFUSALS = (
    BadCursor,
    BadRedirectUri,
    BadRequest,
    InvalidToken,
    OAuthError,
    scopes.MalformedScope,
)


def base64url(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def redirect(text: str) -> None:
    for kind in ApplicationType:
        for host in ("127.0.0.1", "localhost"):
            registered = [f"http://{host}/cb"]
            if redirect_uris.is_registered(text, registered, kind, public=True):
                assert urlsplit(text).hostname == host
                assert urlsplit(text).path == "/cb"
    try:
        redirect_uris.check(text, ApplicationType.NATIVE)
    except BadRedirectUri:
        return
    assert text.isascii()
    assert text.isprintable()
    assert "@" not in urlsplit(text).netloc
    answered = redirect_uris.with_query(text, {"code": "c"})
    assert answered.startswith(text)
    assert urlsplit(answered).netloc == urlsplit(text).netloc
    redirect_uris.form_target(text).encode("ascii")
    redirect_uris.origins([text])


def scope(text: str) -> None:
    names = scopes.asked(text)
    assert scopes.parse(" ".join(names)) == names
    assert all(name.isascii() and name.isprintable() and '"' not in name for name in names)


def basic(text: str) -> None:
    for part in _basic(text), _basic(f"Basic {base64.b64encode(as_bytes(text)).decode()}"):
        assert part[0]
        assert "\0" not in "".join(part)


def form(text: str) -> None:
    values = parse_form(as_bytes(text)).values
    for each in (*values, *values.values()):
        assert "\0" not in each
        each.encode()


def json_body(text: str) -> None:
    orjson.dumps(parse_json_object(as_bytes(text)))


def registration(text: str) -> None:
    metadata.wanted(metadata.parse(as_bytes(text)))


def claims_asked_for(text: str) -> None:
    assert "\0" not in claims_parameter.read(text).subject


def jwt_header(text: str) -> None:
    token = f"{base64url(as_bytes(text))}.e30.{'A' * 86}"
    ForeignJwt.read(token)
    verifier.parse_unverified(token)


def jwt_claims(text: str) -> None:
    read = ForeignJwt.read(f"e30.{base64url(as_bytes(text))}.AAAA")
    assert isinstance(read.text("sub"), str)
    read.check_times(1_700_000_000, longest=300)


def jwt(text: str) -> None:
    ForeignJwt.read(text)
    verifier.parse_unverified(text)


def dpop_proof(text: str) -> None:
    dpop._key(ForeignJwt.read(f"{base64url(as_bytes(text))}.e30.{'A' * 86}"))
    raise AssertionError("nobody has signed this")


def dpop_place(text: str) -> None:
    here = "https://id.test/t/acme/oauth/token"
    if dpop._is_same_place(text, here):
        assert urlsplit(text).hostname == "id.test"
        assert urlsplit(text).path == "/t/acme/oauth/token"


def cursor(text: str) -> None:
    for order, by_moment in (
        (Order("name"), False),
        (Order("created_at"), True),
        (Order("id"), False),
    ):
        for said in text, base64url(as_bytes(text)):
            try:
                found = Cursor.of(said, order, by_moment=by_moment)
            except BadCursor:
                continue
            assert Cursor.of(str(found), order, by_moment=by_moment) == found


def user_code(text: str) -> None:
    code = normalized(text)
    assert code is None or (len(code) == 8 and code.isascii() and code.isalpha() and code.isupper())


def media_type(text: str) -> None:
    sent = as_bytes(text)
    MachineRequest("POST", "/", sent, [(b"content-type", sent)], sent, "::1", "").form()


_ID = "01930000-0000-7000-8000-000000000009"
PARSERS: dict[str, tuple[Callable[[str], object], tuple[str, ...]]] = {
    "redirect": (redirect, (
        "http://127.0.0.1/cb", "http://127.0.0.1:53412/cb", "http://[::1]:1/cb",
        "com.example.app:/cb", "https://console.example:8443/a/b?x=1&y=%20",
    )),
    "scope": (scope, ("openid profile email", "authgate:clients:read authgate:x", "a:b/c")),
    "basic": (basic, ("Basic YTpi", "Basic YSUzQWI6JUMzJUE5", "console:s%3Acret+x", "a:b")),
    "form": (form, ("grant_type=refresh_token&scope=a+b&x=%C3%A9", "a=&=b&c", "a=x&a=y")),
    "json": (json_body, ('{"client_id":"a","scope":null,"n":1.5e3,"l":[{"a":[]}]}',)),
    "registration": (registration, (
        '{"client_name":"Ledger","redirect_uris":["https://a.example/cb"],"scope":"openid",'
        '"grant_types":["authorization_code"],"jwks":{"keys":[]},"client_name#de":"Buch"}',
    )),
    "claims": (claims_asked_for, (
        '{"id_token":{"sub":{"value":"x"},"acr":{"essential":true,"values":["1"]}},"userinfo":{}}',
    )),
    "jwt": (jwt, ("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA", "e30.e30.")),
    "jwt header": (jwt_header, (
        '{"alg":"ES256","kid":"k","typ":"at+jwt"}', '{"alg":"none","crit":["b64"]}',
    )),
    "jwt claims": (jwt_claims, (
        '{"iss":"https://id.test","aud":["a"],"exp":1700000100,"iat":1700000000,"nbf":1.7e9}',
    )),
    "dpop": (dpop_proof, (
        '{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256",'
        '"x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",'
        '"y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}}',
        '{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519",'
        '"x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}',
        f'{{"typ":"dpop+jwt","alg":"RS256","jwk":{{"kty":"RSA","e":"AQAB","n":"{"v" * 342}"}}}}',
    )),
    "dpop place": (dpop_place, (
        "https://id.test/t/acme/oauth/token", "HTTPS://ID.test:443/t/acme/oauth/token",
    )),
    "cursor": (cursor, (
        f'["name","Orders","{_ID}",false,false]',
        f'["created_at","2030-01-01T00:00:00+00:00","{_ID}",true,true]',
        f'["created_at","0001-01-01T00:00:00+23:59","{_ID}",false,true]',
        f'["id","{_ID}","{_ID}",false,false]',
    )),
    "user code": (user_code, ("BCDF-GHJK", "bcdf ghjk", "BCDF\u2013GHJK")),
    "media type": (media_type, ("application/x-www-form-urlencoded; charset=utf-8", "text/plain")),
}  # fmt: skip

_PIECES = (
    "", "\0", "\n", "\r\n", "\t", " ", "\x7f", "\u2028", "\u202e", "\ufeff", "\ud800", "\U0001f600",
    "\uff21", "\u0661", "%", "%00", "%zz", "%ff", "%ed%a0%80", "&", "=", "+", ";", ":", "@", "/",
    "\\", "//", "..", "#", "?", "*", ".", ",", '"', "'", "\\u0000", "\\ud800", "[", "]", "{", "}",
    "-1", "0", "\u00b2", "99999999999999999999", "9" * 5_000, "[" * 2_000, '{"a":' * 500,
    "a" * 3_000,
)  # fmt: skip
_VALUES = (
    "null", "true", "-1", "0", "1.5", "1e400", "NaN", "Infinity", "9" * 5_000, "[" * 2_000,
    '{"a":' * 500, "[]", "{}", '["x"]', '{"a":1}', '""', '"x"', '"\\u0000"', '"\\ud800"',
    "99999999999999999999",
    '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59.999999-23:59"', '"2030-13-01"',
)  # fmt: skip
_VALUE = re.compile(r'(?<=[:,\[])(?:"[^"]*"|[a-z0-9.+-]+)')
_piece = st.sampled_from(_PIECES) | st.text(max_size=3)
_edit = st.tuples(st.integers(0, 300), st.integers(0, 6), _piece, st.sampled_from(_VALUES))
_edits = st.lists(_edit, min_size=1, max_size=3)


def changed(text: str, number: int, cut: int, piece: str, value: str) -> str:
    """The text with something else in one place; in JSON, often another value."""
    values = list(_VALUE.finditer(text)) if cut < 4 and text[:1] in ("{", "[") else []
    if values:
        former = values[number % len(values)]
        return text[: former.start()] + value + text[former.end() :]
    place = number % (len(text) + 1)
    return text[:place] + piece + text[place + cut :]


@pytest.mark.parametrize("parser", PARSERS)
def test_un_18_no_parser_breaks_or_takes_long(seed: int, parser: str) -> None:
    read, good = PARSERS[parser]
    slow: list[tuple[float, str]] = []

    def holds(text: str, edits: list[tuple[int, int, str, str]]) -> None:
        for edit in edits:
            text = changed(text, *edit)
        began = time.thread_time()
        with suppress(*REFUSALS):
            read(text)
        took = time.thread_time() - began
        if took > SECONDS:
            slow.append((took, text[:200]))

    within = of_hypothesis(
        max_examples=RUNS,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    with use_tenant(ACME):
        seeded(seed)(within(given(st.sampled_from(good), _edits)(holds)))()
    assert slow == []
