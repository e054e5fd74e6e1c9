"""``POST /oauth/token``: what holds whatever is asked for (RFC 6749 section 3.2)."""

import json
import re
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate_tenants import Tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller, basic_header
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

TOKEN = "/oauth/token"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.fixture
def right(machine: NewClient) -> dict[str, str]:
    """A request that is granted."""
    return {
        "grant_type": "client_credentials",
        "client_id": machine.client.client_id,
        "client_secret": machine.secret or "",
    }


async def test_a_granted_request_is_answered_as_every_client_library_expects(
    at_acme: Caller, right: dict[str, str]
) -> None:
    answer = await at_acme.post(TOKEN, right)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    content = answer.json()
    assert list(content) == ["access_token", "token_type", "expires_in", "scope"]
    assert content["token_type"] == "Bearer"
    assert type(content["expires_in"]) is int
    assert content["expires_in"] > 0
    assert content["scope"] == "read write"


async def test_in_13_no_answer_of_the_token_endpoint_may_be_stored(
    at_acme: Caller, right: dict[str, str]
) -> None:
    for form in (right, right | {"client_secret": "wrong-secret"}, {"grant_type": "other"}, {}):
        answer = await at_acme.post(TOKEN, form)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["pragma"] == "no-cache"
        assert "set-cookie" not in answer.headers


INCOMPLETE: list[tuple[dict[str, str], str]] = [
    ({}, "invalid_request"),
    ({"grant_type": ""}, "invalid_request"),
    ({"client_id": "x"}, "invalid_request"),
    ({"grant_type": "client_credentials"}, "invalid_request"),
    ({"grant_type": "password", "client_id": "x"}, "unsupported_grant_type"),
    ({"grant_type": "device_code", "client_id": "x"}, "unsupported_grant_type"),
    ({"grant_type": "CLIENT_CREDENTIALS", "client_id": "x"}, "unsupported_grant_type"),
]


async def test_an_incomplete_request_is_told_what_it_lacks(at_acme: Caller) -> None:
    for form, error in INCOMPLETE:
        answer = await at_acme.post(TOKEN, form)
        assert (answer.status_code, answer.json()["error"]) == (400, error), form


async def test_a_client_is_refused_a_grant_that_it_is_not_registered_for(
    at_acme: Caller, right: dict[str, str]
) -> None:
    answer = await at_acme.post(TOKEN, right | {"grant_type": GRANT, "device_code": "x"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_who_has_no_secret_does_not_learn_which_grants_a_client_has(
    at_acme: Caller, right: dict[str, str]
) -> None:
    wrong = right | {"client_secret": "wrong-secret"}
    granted = await at_acme.post(TOKEN, wrong)
    withheld = await at_acme.post(TOKEN, wrong | {"grant_type": GRANT, "device_code": "x"})
    assert granted.json() == withheld.json()
    assert granted.status_code == withheld.status_code == 401


async def test_mx_08_any_parameter_twice_is_refused(
    at_acme: Caller, acme: Tenant, ledger: Ledger, right: dict[str, str]
) -> None:
    every = right | {"scope": "read", "device_code": "x", "nobody_knows": "x"}
    async with ledger.nothing_granted(acme):
        for name, value in every.items():
            for other in (value, "other", ""):
                body = urlencode([*every.items(), (name, other)]).encode()
                answer = await at_acme.post(TOKEN, body=body, headers=[FORM])
                assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
                assert name in answer.json()["error_description"]


async def test_mx_08_a_parameter_in_the_url_and_in_the_body_is_refused(
    at_acme: Caller, right: dict[str, str]
) -> None:
    for name, value in right.items():
        answer = await at_acme.post(f"{TOKEN}?{urlencode({name: value})}", right)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_mx_09_a_secret_in_the_url_is_refused_and_written_down(
    at_acme: Caller, acme: Tenant, ledger: Ledger, right: dict[str, str]
) -> None:
    async with ledger.nothing_granted(acme):
        answer = await at_acme.post(f"{TOKEN}?{urlencode(right)}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    [event] = await ledger.events(acme, Event.CLIENT_SECRET_EXPOSED)
    assert (event.severity, event.client_id) == ("CRITICAL", right["client_id"])
    assert right["client_secret"] not in str(event.details)


async def test_ca_07_a_wrong_secret_in_the_url_is_refused_and_raises_no_alarm(
    at_acme: Caller, acme: Tenant, globex: Tenant, ledger: Ledger, right: dict[str, str]
) -> None:
    # Else whoever likes could raise one for any client.
    for guess in ("wrong-secret", ""):
        wrong = urlencode(right | {"client_secret": guess})
        answer = await at_acme.post(f"{TOKEN}?{wrong}")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await ledger.events(acme, Event.CLIENT_SECRET_EXPOSED) == []
    assert await ledger.events(globex, Event.CLIENT_SECRET_EXPOSED) == []


async def test_mx_10_the_token_endpoint_takes_post_and_nothing_else(
    server: RunningServer, acme: Tenant, right: dict[str, str]
) -> None:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        answer = await server.http.request(method, f"{acme.issuer}{TOKEN}", params=right)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST"), method


async def test_ht_16_a_method_in_a_header_is_not_looked_at(
    at_acme: Caller, right: dict[str, str]
) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = await at_acme.get(TOKEN, headers=[(name, "POST")])
        assert answer.status_code == 405
        answer = await at_acme.post(TOKEN, right, headers=[(name, "DELETE")])
        assert answer.status_code == 200


def _multipart(form: dict[str, str]) -> bytes:
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    )
    return ("".join(parts) + "--x--\r\n").encode()


async def test_ht_17_a_body_of_another_media_type_is_refused(
    at_acme: Caller, acme: Tenant, ledger: Ledger, right: dict[str, str]
) -> None:
    form = urlencode(right).encode()
    bodies: list[tuple[str, bytes]] = [
        ("application/json", json.dumps(right).encode()),
        ("multipart/form-data; boundary=x", _multipart(right)),
        ("text/plain", form),
        ("application/xml", form),
        ("application/x-www-form-urlencodedx", form),
        ("", form),
    ]
    async with ledger.nothing_granted(acme):
        for media_type, body in bodies:
            answer = await at_acme.post(TOKEN, body=body, headers=[("Content-Type", media_type)])
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        answer = await at_acme.post(TOKEN, body=form)
        assert answer.status_code == 400


async def test_ht_17_two_media_types_are_refused(at_acme: Caller, right: dict[str, str]) -> None:
    body = urlencode(right).encode()
    answer = await at_acme.post(TOKEN, body=body, headers=[FORM, ("Content-Type", "text/plain")])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_ht_18_a_body_in_another_charset_is_refused(
    at_acme: Caller, right: dict[str, str]
) -> None:
    body = urlencode(right).encode()
    for charset in ("utf-7", "utf-16", "iso-8859-1", '"UTF-7"', "x"):
        headers = [("Content-Type", f"{FORM[1]}; charset={charset}")]
        answer = await at_acme.post(TOKEN, body=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), charset
    for charset in ("UTF-8", '"utf-8"'):
        headers = [("Content-Type", f"Application/X-WWW-Form-Urlencoded; charset={charset}")]
        assert (await at_acme.post(TOKEN, body=body, headers=headers)).status_code == 200


BROKEN = {
    "byte order mark": b"\xef\xbb\xbfgrant_type=client_credentials",
    "raw bytes": b"grant_type=\xff\xfe",
    "escaped bytes that are not UTF-8": b"grant_type=%ff%fe",
    "escaped surrogate": b"grant_type=%ed%a0%80",
    "half an escape": b"grant_type=%zz",
    "cut escape": b"grant_type=a%",
    "NUL in a value": b"grant_type=a%00b",
    "NUL in a name": b"grant_type=a&b%00=c",
    "names of nothing": b"=&=&=",
    "unescaped UTF-8": "grant_type=clïent".encode(),
}


async def test_un_10_a_broken_form_is_refused(at_acme: Caller) -> None:
    for what, body in BROKEN.items():
        answer = await at_acme.post(TOKEN, body=body, headers=[FORM])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), what


async def test_un_03_a_nul_character_is_refused_in_every_parameter(
    at_acme: Caller, right: dict[str, str]
) -> None:
    for name in (*right, "scope"):
        answer = await at_acme.post(TOKEN, right | {name: "a\0b"})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_ht_08_a_form_of_twenty_thousand_fields_is_refused(at_acme: Caller) -> None:
    body = "&".join(f"{number}=" for number in range(10_000)).encode()
    answer = await at_acme.post(TOKEN, body=body, headers=[FORM])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_ht_07_a_body_that_is_too_large_is_refused(
    at_acme: Caller, right: dict[str, str]
) -> None:
    answer = await at_acme.post(TOKEN, right | {"padding": "x" * 65_536})
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


async def test_un_06_overlong_parameters_are_refused(
    at_acme: Caller, acme: Tenant, ledger: Ledger, right: dict[str, str]
) -> None:
    async with ledger.nothing_granted(acme):
        for name, status in (
            ("grant_type", 400),
            ("client_id", 401),
            ("client_secret", 401),
            ("scope", 400),
        ):
            for length in (65, 129, 257, 513, 20_000):
                answer = await at_acme.post(TOKEN, right | {name: "x" * length})
                assert answer.status_code == status, name
                assert "xxx" not in answer.text


async def test_un_12_what_is_refused_is_not_echoed(at_acme: Caller, right: dict[str, str]) -> None:
    polyglot = "'\"><script>alert(1)</script>{{7*7}}${7*7};--"
    for name in (*right, "scope"):
        answer = await at_acme.post(TOKEN, right | {name: polyglot})
        assert answer.status_code in (400, 401)
        assert "<" not in answer.text
        assert "49" not in answer.text


async def test_a_refusal_is_worded_in_the_letters_that_it_may_have(
    at_acme: Caller, console: Application
) -> None:
    """RFC 6749 sections 4.1.2.1 and 5.2: ASCII, without quotation marks and backslashes."""
    twice = f"{quote('é')}=1&{quote('é')}=2", f"{quote(chr(92) + chr(34))}=1&%5C%22=2"
    for parameters in twice:
        refused = await at_acme.post(TOKEN, body=parameters.encode(), headers=[FORM])
        asked = await console.http.get(f"{console.ask().url}&{parameters}")
        answer = parse_qs(urlsplit(asked.headers["location"]).query)
        for description in refused.json()["error_description"], answer["error_description"][0]:
            assert "is repeated" in description
            assert re.fullmatch(r"[ !#-\[\]-~]+", description), description


async def test_half_a_request_is_not_acted_on(
    server: RunningServer, acme: Tenant, ledger: Ledger, right: dict[str, str]
) -> None:
    # The body is whole as a form, but the client left before it was whole as a request.
    body = urlencode(right).encode()
    said: list[dict[str, object]] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": body, "more_body": True},
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{acme.prefix}{TOKEN}",
        "query_string": b"",
        "headers": [(b"host", b"localhost:8080"), (b"content-type", FORM[1].encode())],
        "client": ("127.0.0.1", 4711),
    }

    async def receive() -> dict[str, object]:
        return said.pop()

    async def send(_message: object) -> None:
        """Nobody hears it."""

    async with ledger.nothing_granted(acme):
        await server.transport.app(scope, receive, send)


async def test_ht_01_a_strange_host_is_misdirected(
    server: RunningServer, acme: Tenant, right: dict[str, str]
) -> None:
    for host in (
        "evil.test",
        "localhost.evil.test",
        "localhost:8080.evil.test",
        "x" * 300,
        "a\0b",
        "",
    ):
        for path in (f"{acme.prefix}{TOKEN}", "/", "/oauth/token"):
            answer = await server.http.post(path, data=right, headers={"Host": host})
            assert (answer.status_code, answer.json()["error"]) == (421, "misdirected_request")


async def test_ht_02_headers_of_proxies_nobody_trusts_change_nothing(
    at_acme: Caller, acme: Tenant, ledger: Ledger, right: dict[str, str]
) -> None:
    forwarded = [
        ("Forwarded", "for=203.0.113.9;host=evil.test;proto=https"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/t/globex"),
        ("X-Real-IP", "203.0.113.9"),
        ("X-Tenant-ID", "globex"),
    ]
    answer = await at_acme.post(TOKEN, right, headers=forwarded)
    assert answer.status_code == 200
    [event] = await ledger.events(acme, Event.CLIENT_CREDENTIALS_TOKEN_ISSUED)
    assert event.ip == "127.0.0.1"


async def test_ti_05_the_address_decides_whose_request_it_is(
    at_acme: Caller,
    at_globex: Caller,
    acme: Tenant,
    globex: Tenant,
    ledger: Ledger,
    right: dict[str, str],
) -> None:
    claims = [("X-Tenant-ID", str(acme.id)), ("X-Tenant", "acme")]
    async with ledger.nothing_granted(acme, globex):
        for extra in ({}, {"tenant": "acme"}, {"tenant_id": str(acme.id)}):
            answer = await at_globex.post(TOKEN, right | extra, headers=claims)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE) == []
    assert len(await ledger.events(globex, Event.CLIENT_AUTHENTICATION_FAILURE)) == 3


async def test_an_unknown_tenant_is_not_found(server: RunningServer, right: dict[str, str]) -> None:
    for slug in ("initech", "ACME", "acme.", "a" * 64, "%61cme%00", "t", ""):
        answer = await server.http.post(f"/t/{slug}/oauth/token", data=right)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), slug


async def test_ht_19_an_address_has_one_form_or_is_not_found(
    server: RunningServer, acme: Tenant, right: dict[str, str]
) -> None:
    for path in ("/t/acme//oauth/token", "/t/acme//oauth//token", "/t/acme/oauth%2Ftoken"):
        answer = await server.http.post(path, data=right)
        assert answer.status_code == 200, path
    for path in (
        "//t/acme/oauth/token",
        "/t//acme/oauth/token",
        "/t/acme;x=1/oauth/token",
        "/t/acme/oauth/token;x=1",
        "/t/acme/oauth/token/",
        "/t/acme/x/..%2foauth/token",
        "/t/globex/..%2facme/oauth/token",
        "/t/acme/oauth/token%00",
        "/t/acme/OAuth/Token",
    ):
        answer = await server.http.post(path, data=right)
        assert answer.status_code == 404, path
        assert "location" not in answer.headers


async def test_in_12_no_other_origin_may_read_or_preflight(
    server: RunningServer, acme: Tenant, at_acme: Caller, right: dict[str, str]
) -> None:
    asked = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    for path in (TOKEN, "/oauth/device/code", "/oauth/userinfo", "/oauth/tokeninfo", "/login"):
        answer = await server.http.options(f"{acme.issuer}{path}", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    answer = await at_acme.post(TOKEN, right, headers=[("Origin", "https://evil.test")])
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_basic_and_the_form_may_both_name_the_client(
    at_acme: Caller, right: dict[str, str]
) -> None:
    secret = right.pop("client_secret")
    answer = await at_acme.post(TOKEN, right, headers=[basic_header(right["client_id"], secret)])
    assert answer.status_code == 200
