"""The door of the admin API: how it reads requests, and how it says no (RFC 9457)."""

import asyncio

import pytest

from authgate.storage.people.users import User
from authgate_tenants import Tenant, TenantStatus
from authgate_testing.api import PROBLEM, ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

pytestmark = on_sqlite

CLIENT = {"name": "Orders", "grant_types": ["client_credentials"], "scopes": ["orders:read"]}


async def test_unknown_paths_and_methods_are_problems(api: ApiClient, alice: User) -> None:
    http, issuer = api.http, api.tenant.issuer
    for path in ("/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/users", "/api/v1/users/"):
        assert is_problem(await http.get(f"{issuer}{path}"), 404, "not-found"), path
    answer = await api.call("PUT", f"/users/{alice.id}")
    assert is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH"
    for method in ("TRACE", "OPTIONS", "BREW"):
        assert is_problem(await api.call(method, "/users"), 405, "method-not-allowed")


async def test_ht_16_a_method_is_what_it_is(api: ApiClient, alice: User) -> None:
    answer = await api.post(f"/users/{alice.id}", x_http_method_override="DELETE")
    assert is_problem(answer, 405, "method-not-allowed")


async def test_what_comes_before_the_tenant_is_a_problem_as_well(
    server: RunningServer, acme: Tenant
) -> None:
    browser = {"Accept": "text/html"}
    unknown = await server.http.get("/t/nobody/api/v1/users", headers=browser)
    elsewhere = await server.http.get("http://evil.test/api/v1/users", headers=browser)
    await change(server, acme, status=TenantStatus.SUSPENDED)
    suspended = await server.http.get(f"{acme.issuer}/api/v1/users", headers=browser)
    assert (elsewhere.status_code, elsewhere.json()) == (421, {"error": "misdirected_request"})
    for answer, status in ((unknown, 404), (suspended, 403)):
        assert answer.headers["content-type"] == PROBLEM
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.json()["type"] == "about:blank"


_NOT_READ = [
    (b"", 400, "malformed"),
    (b"{", 400, "malformed"),
    (b"{}{}", 400, "malformed"),
    (b"[]", 400, "malformed"),
    (b"\xff", 400, "malformed"),
    (b"\xef\xbb\xbf{}", 400, "malformed"),
    (b"[" * 60_000, 400, "malformed"),
    (b'{"name":"a","name":"b"}', 400, "malformed"),
    (b'{"metadata":{"software_id":"a","software_id":"b"}}', 400, "malformed"),
    (b'{"name":"a\\u0000b"}', 400, "malformed"),
    (b'{"scopes":["a\\u0000b"]}', 400, "malformed"),
    (b'{"name":"\\ud800"}', 400, "malformed"),
    (b'{"name":NaN}', 400, "malformed"),
    (b'{"name":1e400}', 400, "malformed"),
    (b'{"name":' + b"9" * 5_000 + b"}", 400, "malformed"),
    (b'{"x":"' + b"y" * 70_000 + b'"}', 413, "content-too-large"),
    (b'{"name":null,"grant_types":["client_credentials"]}', 422, "invalid"),
    (b'{"name":{},"grant_types":"client_credentials"}', 422, "invalid"),
    (b'{"name":"Orders","grant_types":["client_credentials"],"tenant_id":"x"}', 422, "invalid"),
]


async def test_ht_09_10_11_what_is_not_json_is_refused(api: ApiClient) -> None:
    for body, status, kind in _NOT_READ:
        assert is_problem(await api.call("POST", "/clients", body=body), status, kind), body[:24]


async def test_ht_17_18_a_body_is_of_the_type_that_it_has_to_be(
    api: ApiClient, alice: User
) -> None:
    for media_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = await api.call("POST", "/clients", CLIENT, media_type=media_type)
        assert is_problem(answer, 415, "unsupported-media-type")
        assert answer.headers["accept"] == "application/json"
    charset = "application/json; charset=utf-7"
    answer = await api.call("POST", "/clients", CLIENT, media_type=charset)
    assert is_problem(answer, 400, "malformed")


async def test_errors_say_where_they_are(api: ApiClient) -> None:
    bad = {"name": "", "grant_types": ["telepathy"], "scopes": ["a", "b c"], "metadata": {"x": 1}}
    answer = await api.post("/clients", bad)
    assert is_problem(answer, 422, "invalid")
    pointers = {each["pointer"] for each in answer.json()["errors"]}
    assert pointers == {"/name", "/scopes/1", "/metadata/x"}
    answer = await api.post("/clients", {**CLIENT, "grant_types": ["telepathy"]})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/grant_types/0"]
    answer = await api.get("/users?limit=0&status=odd&odd=1")
    assert {each["parameter"] for each in answer.json()["errors"]} == {"limit", "status", "odd"}


async def test_un_07_15_numbers_and_ids_are_what_they_have_to_be(
    api: ApiClient, alice: User
) -> None:
    for limit in ("-1", "0", "101", "2147483648", "1e400", "1.5", "", "x", "true"):
        assert is_problem(await api.get(f"/users?limit={limit}"), 422, "invalid"), limit
    assert is_problem(await api.get("/users?limit=1&limit=2"), 400, "malformed")
    assert is_problem(await api.get("/users?search=%ff"), 400, "malformed")
    assert is_problem(await api.get("/users?search=%00"), 400, "malformed")
    here = str(alice.id)
    odd = ("x", f"{{{here}}}", f"urn:uuid:{here}", alice.id.hex, here.upper(), "%00", "%ff")
    for text in (*odd, "x" * 60_000, "%2e%2e", "a%2fb"):
        assert is_problem(await api.get(f"/users/{text}"), 404, "not-found"), text
        assert is_problem(await api.get(f"/clients/{text}"), 404, "not-found"), text
    assert (await api.get(f"/users/{here}")).status_code == 200


_NO_MOMENT = [
    *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-2030-01-01T00:00:00Z", "2030-13-01T00Z"),
    *("2030-01-01T00:00:00", "2030-01-01", "2030-01-01T25:00:00Z", "2030-01-01T00:00:00+99:00"),
    *("2030-06-30T23:59:60Z", "now", "tomorrow", "", 1893456000, -1, 1.5, True, [], {}),
]  # fmt: skip


async def test_un_08_a_moment_says_its_zone_and_is_told_in_utc(api: ApiClient) -> None:
    for said in _NO_MOMENT:
        answer = await api.post("/clients", CLIENT | {"secret_expires_at": said})
        assert is_problem(answer, 422, "invalid"), said
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/secret_expires_at"], said
    for said, told in (
        ("2030-01-01T02:00:00+02:00", "2030-01-01T00:00:00Z"),
        ("2029-12-31T20:00:00-04:00", "2030-01-01T00:00:00Z"),
        ("1893456000", "2030-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("2030-01-01T00:00:00.5Z", "2030-01-01T00:00:00.500000Z"),
    ):
        made = await api.post("/clients", CLIENT | {"secret_expires_at": said})
        assert made.status_code == 201, made.text
        read = await api.get(f"/clients/{made.json()['client_id']}")
        assert (made.json()["secret_expires_at"], read.json()["secret_expires_at"]) == (told, told)


async def test_head_is_get_without_the_body(api: ApiClient, alice: User) -> None:
    read = await api.get(f"/users/{alice.id}")
    asked = await api.call("HEAD", f"/users/{alice.id}")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["etag"] == read.headers["etag"]


async def test_who_has_it_already_is_not_told_again(api: ApiClient, alice: User) -> None:
    for path in (f"/users/{alice.id}", "/users", f"/users/{alice.id}/sessions"):
        tag = (await api.get(path)).headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = await api.get(path, if_none_match=known)
            assert (answer.status_code, answer.content) == (304, b""), known
        assert (await api.get(path, if_none_match='"other"')).status_code == 200


@pytest.mark.usefixtures("limits_stand_still")
async def test_ti_14_everybody_is_told_what_is_left_of_their_limit(
    api: ApiClient, foreign_api: ApiClient
) -> None:
    answers = await asyncio.gather(*(api.get("/users") for _ in range(150)))
    first, refused = answers[0], next(each for each in answers if each.status_code == 429)
    assert first.headers["ratelimit-policy"] == '"api";q=100;w=5'
    assert first.headers["ratelimit"].startswith('"api";r=')
    assert is_problem(refused, 429, "too-many-requests")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["ratelimit"].startswith('"api";r=0;t=')
    assert (await foreign_api.get("/users")).status_code == 200


async def test_routes_are_measured_by_their_names(
    api: ApiClient, server: RunningServer, alice: User
) -> None:
    await api.get(f"/users/{alice.id}")
    await api.get("/nothing-of-ours")
    measured = (await server.http.get("/metrics")).text
    assert 'route="/api/v1/users/{user_id}"' in measured
    assert 'authgate_api_problems_total{problem="not-found"}' in measured
    assert str(alice.id) not in measured
    assert "nothing-of-ours" not in measured
