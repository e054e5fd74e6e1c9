"""Forms of other sites, other people and other tenants change nothing, on any page there is.

The pages are read off the application itself, so that one that is added is held to this as well.
"""

import re
from collections.abc import Iterable
from typing import Any, cast

import httpx2
from quart import Quart

from authgate import provisioning
from authgate.accounts.tenant_connections import CALLBACK
from authgate.app import serving
from authgate.clock import utc_now
from authgate.settings import Settings
from authgate.storage.people.users import UserRow
from authgate.storage.sign_in.sessions import Session
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

HERE = "/account/sessions"
EVERY_FIELD = {
    "username": "alice",
    "password": "correct-horse-battery-staple",
    "user_code": "BCDF-GHJK",
    "decision": "approve",
    "request": "handle",
    "mine": "1",
    "session": "01936b8e-0000-7000-8000-000000000001",
    "access": "01936b8e-0000-7000-8000-000000000001",
    "client": "console",
    "identity": "01936b8e-0000-7000-8000-000000000001",
    "sealed": "AAAA",
    "email": "octocat@acme.example",
}
"""What the forms send, so that a missing field is never why nothing happens."""

OPEN = frozenset({"/oauth/authorize", "/oauth/logout"})
"""Where any site may send a person (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 2): it leads
to a page that asks."""


# Providers post there, and their state counts: tests/plugins/test_form_answers.py.
def pages(server: RunningServer, method: str) -> list[str]:
    """The addresses below any tenant that people reach by this method.

    What the operators' tenant alone has is in ``tests/operator``.
    """
    edge = cast(Wiretap, server.transport.app).app
    people: Quart = cast(Any, edge)._people
    found = {
        re.sub("<[^>]*>", "github", rule.rule)
        for rule in people.url_map.iter_rules()
        if method in (rule.methods or ())
        and rule.rule not in OPEN
        and (method, rule.rule) != ("POST", CALLBACK)
        and rule.rule.split("/")[1] != "operator"
    }
    return sorted(found)


def csrf_token(page: httpx2.Response) -> str:
    return forms(page.text)[0].hidden["csrf_token"]


async def refused(
    person: Person, tenant: Tenant, paths: Iterable[str], token: str, **headers: str
) -> None:
    for path in paths:
        answer = await person.http.post(
            f"{tenant.issuer}{path}", data=EVERY_FIELD | {"csrf_token": token}, headers=headers
        )
        assert answer.status_code == 403, path
        assert "location" not in answer.headers


def untouched(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows, without when a browser was last seen."""
    for session in rows["browser_sessions"]:
        session.pop("last_seen_at")
        session.pop("idle_expires_at")
    return rows


def test_the_pages_are_found(server: RunningServer) -> None:
    assert {"/login", "/logout", "/device/decision", f"{HERE}/end"} <= set(pages(server, "POST"))
    assert {"/login", "/device", HERE, "/login/github/callback"} <= set(pages(server, "GET"))


@on_sqlite
async def test_wb_01_without_its_token_no_form_is_taken(
    server: RunningServer, acme: Tenant, person: Person, colleague: Person, ledger: Ledger
) -> None:
    paths = pages(server, "POST")
    genuine = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    hers = csrf_token(await colleague.visit(f"{acme.issuer}{HERE}"))
    unsigned = csrf_token(await Person(server.browser()).visit(f"{acme.issuer}/login"))
    before = untouched(await ledger.rows(acme))
    for token in ("", "x", "\u00e9", genuine[:-2], genuine.lower(), f"{genuine}x", hers, unsigned):
        await refused(person, acme, paths, token)
    assert untouched(await ledger.rows(acme)) == before


@on_sqlite
async def test_wb_01_forms_that_the_browser_says_come_from_elsewhere_are_refused(
    server: RunningServer, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    paths = pages(server, "POST")
    genuine = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    before = untouched(await ledger.rows(acme))
    for origin in (
        "https://evil.test",
        "http://localhost",
        "http://localhost:8081",
        "http://localhost:8080.evil.test",
        "http://localhost:8080@evil.test",
        "https://acme.localhost:8080",
        "http://[",
        "file://",
        "",
    ):
        await refused(person, acme, paths, genuine, Origin=origin)
    for site in ("cross-site", "same-site", "Same-Origin", "x"):
        await refused(person, acme, paths, genuine, **{"Sec-Fetch-Site": site})
        await refused(person, acme, paths, genuine, **{"Sec-Fetch-Site": site, "Origin": "null"})
    assert untouched(await ledger.rows(acme)) == before


@on_sqlite
async def test_wb_01_a_token_of_another_tenant_is_worth_nothing(
    server: RunningServer, acme: Tenant, globex: Tenant, person: Person, stranger: Person
) -> None:
    paths = pages(server, "POST")
    foreign = csrf_token(await stranger.visit(f"{globex.issuer}{HERE}"))
    await refused(person, acme, paths, foreign)
    # Also where the very same key is behind both, as it is before anybody has signed in.
    browser = Person(server.browser())
    token = csrf_token(await browser.visit(f"{acme.issuer}/login"))
    key = browser.http.cookies["authgate_presession"]
    answer = await server.http.post(
        f"{globex.issuer}/login",
        data=EVERY_FIELD | {"csrf_token": token},
        headers={"Cookie": f"authgate_presession={key}"},
    )
    assert answer.status_code == 403


@on_sqlite
async def test_wb_03_a_form_of_another_site_leaves_the_open_sign_in_page_as_it_is(
    server: RunningServer, acme: Tenant
) -> None:
    # It comes without our cookies, as SameSite=Lax has it; the answer must not replace them.
    answer = await server.http.post(
        f"{acme.issuer}/oauth/authorize",
        data={"client_id": "console"},
        headers={"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
    )
    assert "set-cookie" not in answer.headers


@on_sqlite
async def test_wb_01_no_other_media_type_carries_a_form(
    server: RunningServer, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    genuine = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    body = f'csrf_token={genuine}&{{"csrf_token":"{genuine}"}}'
    before = untouched(await ledger.rows(acme))
    for media_type in ("text/plain", "application/json", "application/octet-stream", "x", ""):
        for path in pages(server, "POST"):
            answer = await person.http.post(
                f"{acme.issuer}{path}", content=body, headers={"Content-Type": media_type}
            )
            assert answer.status_code == 403, (media_type, path)
    assert untouched(await ledger.rows(acme)) == before


@on_sqlite
async def test_wb_01_a_token_in_the_url_or_a_header_is_not_looked_at(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    genuine = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    for path in pages(server, "POST"):
        answer = await person.http.post(
            f"{acme.issuer}{path}?csrf_token={genuine}",
            data=EVERY_FIELD,
            headers={"X-CSRF-Token": genuine},
        )
        assert answer.status_code == 403


@on_sqlite
async def test_wb_01_other_methods_reach_no_form(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    genuine = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    for path in pages(server, "POST"):
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            answer = await person.http.request(
                method,
                f"{acme.issuer}{path}",
                data=EVERY_FIELD | {"csrf_token": genuine},
                headers={"X-HTTP-Method-Override": "POST"},
            )
            assert answer.status_code == 405, (method, path)
            assert "POST" in answer.headers["allow"]


@on_sqlite
async def test_our_own_forms_are_taken_however_much_the_browser_says(
    acme: Tenant, person: Person
) -> None:
    for headers in (
        {},
        {"Origin": "null"},  # what browsers send under our referrer policy
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"},
    ):
        page = await person.visit(f"{acme.issuer}{HERE}")
        answer = await person.http.post(
            f"{acme.issuer}{HERE}/end-others",
            data={"csrf_token": csrf_token(page)},
            headers=headers,
        )
        assert answer.status_code == 303, headers


@on_sqlite
async def test_wb_03_nobody_is_signed_in_by_a_form_of_another_site(
    server: RunningServer, acme: Tenant, person: Person, carol: object, ledger: Ledger
) -> None:
    # The attacker knows a name and its password: their own.
    fields = {"username": "carol", "password": EVERY_FIELD["password"]}
    own = Person(server.browser())
    token = csrf_token(await own.visit(f"{acme.issuer}/login"))
    victim = Person(server.browser())
    await victim.visit(f"{acme.issuer}/login")
    async with ledger.nothing_granted(acme):
        for somebody in (victim, person, Person(server.browser())):
            for forged in ({}, {"csrf_token": token}):
                answer = await somebody.http.post(f"{acme.issuer}/login", data=fields | forged)
                assert answer.status_code == 403
                cookies = str(answer.headers.get_list("set-cookie"))
                assert "authgate_session=" not in cookies
    page = await person.visit(f"{acme.issuer}{HERE}")
    assert "alice" in page.text, "she is still herself"


async def test_wb_02_reading_changes_nothing(
    server: RunningServer, acme: Tenant, globex: Tenant, person: Person, ledger: Ledger
) -> None:
    before = [untouched(await ledger.rows(tenant)) for tenant in (acme, globex)]
    paths = [*pages(server, "GET"), *pages(server, "POST")]
    reads = [(method, path) for method in ("GET", "HEAD", "OPTIONS") for path in paths]
    for browser in (person.http, server.http):
        for method, path in reads:
            for query in ("", "?user_code=BCDF-GHJK&decision=approve&mine=1", "?session=x"):
                answer = await browser.request(method, f"{acme.issuer}{path}{query}")
                assert answer.status_code < 500
    after = [untouched(await ledger.rows(tenant)) for tenant in (acme, globex)]
    # That a limit was reached is written down; nothing else may be.
    for tables in (*before, *after):
        events = tables["audit_events"]
        tables["audit_events"] = [
            each for each in events if each["event_type"] != "RATE_LIMIT_EXCEEDED"
        ]
    assert after == before
    assert (await person.visit(f"{acme.issuer}{HERE}")).url.path.endswith(HERE)


@on_sqlite
async def test_ad_12_nobody_is_put_in_charge_by_coming_first(settings: Settings) -> None:
    async with serving(settings, clock=utc_now) as (_, parts):
        acme = await provisioning.add_tenant(parts, slug="acme", name="Acme")
    async with serving(settings, clock=utc_now) as (app, _):
        transport = httpx2.ASGITransport(app)
        stage = RunningServer(cast(Any, None), transport, cast(Any, None), cast(Any, None))
        first = Person(stage.browser())
        token = csrf_token(await first.visit(f"{acme.issuer}/login"))
        fields = EVERY_FIELD | {"csrf_token": token, "role": "admin", "email": "a@acme.example"}
        stage.transport.app = Wiretap(app)
        for path in (*pages(stage, "POST"), "/setup", "/install", "/admin/setup", "/register"):
            await first.http.post(f"{acme.issuer}{path}", data=fields)
        for path in ("/admin", "/account/sessions"):
            page = await first.visit(f"{acme.issuer}{path}")
            assert page.url.path.endswith("/login")
        with use_tenant(acme):
            assert await UserRow.all().count() == await Session.all().count() == 0


@on_sqlite
async def test_ht_08_a_form_of_too_many_fields_is_refused(acme: Tenant, person: Person) -> None:
    token = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for count in (101, 12_000):
        body = f"csrf_token={token}&" + "&".join(f"{number:x}" for number in range(count))
        answer = await person.http.post(f"{acme.issuer}/logout", content=body, headers=form)
        assert answer.status_code == 400
    assert (await person.visit(f"{acme.issuer}{HERE}")).url.path.endswith(HERE)


@on_sqlite
async def test_mx_08_a_field_twice_is_refused(acme: Tenant, person: Person) -> None:
    token = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (
        f"csrf_token={token}&csrf_token={token}",
        f"csrf_token={token}&user_code=BCDF-GHJK&user_code=XXXX-XXXX",
        f"csrf_token=x&csrf_token={token}",
    ):
        answer = await person.http.post(f"{acme.issuer}/device", content=body, headers=form)
        assert answer.status_code == 400


@on_sqlite
async def test_ht_07_a_form_that_is_too_large_is_refused(acme: Tenant, person: Person) -> None:
    token = csrf_token(await person.visit(f"{acme.issuer}{HERE}"))
    for fields in ({"x": "y" * 70_000}, {"password": "y" * 17_000_000}):
        answer = await person.http.post(f"{acme.issuer}/login", data=fields | {"csrf_token": token})
        assert answer.status_code == 413


@on_sqlite
async def test_un_10_a_broken_form_is_refused(acme: Tenant, person: Person) -> None:
    await person.visit(f"{acme.issuer}{HERE}")
    for media_type, body in (
        ("application/x-www-form-urlencoded", b"\xff\xfe&csrf_token=x"),
        ("application/x-www-form-urlencoded", b"csrf_token=%ff%fe"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=\xe9".encode("latin-1").decode("latin-1"), b"x"),
    ):
        answer = await person.http.post(
            f"{acme.issuer}/logout",
            content=body,
            headers=[(b"content-type", media_type.encode("latin-1"))],
        )
        assert answer.status_code in (400, 403), media_type
