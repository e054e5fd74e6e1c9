"""What every answer tells a browser, and what every log line keeps to itself."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients import ids
from authgate.storage.people.users import User
from authgate_tenants import Tenant, TenantStatus
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

pytestmark = on_sqlite

PASSWORD = "correct-horse-battery-staple"
BROWSER = {"Accept": "text/html"}

Crawl = Callable[[], Awaitable[list[httpx2.Response]]]


@pytest.fixture
def crawl(
    server: RunningServer, acme: Tenant, person: Person, device: Device, machine: NewClient
) -> Crawl:
    """Collect an answer of every kind: each status, each door, pages and data and files."""

    async def answers() -> list[httpx2.Response]:
        issuer, http = acme.issuer, server.http
        shown = await device.start()
        basic = (machine.client.client_id, machine.secret or "")
        caller = Caller(http, acme)
        page = await person.visit(shown["verification_uri_complete"])
        static = re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)
        found = [
            page,
            await person.visit(f"{issuer}/device"),
            await decide(person, shown),
            await person.visit(f"{issuer}/account/sessions"),
            await http.get(f"{issuer}/login"),
            await http.get(f"{issuer}/device"),
            await http.head(f"{issuer}/login"),
            await http.options(f"{issuer}/login"),
            await http.post(f"{issuer}/login", data={"username": "x"}),
            await http.put(f"{issuer}/login"),
            await http.post(f"{issuer}/login", data={"x": "y" * 70_000}),
            await http.get(f"{issuer}/nothing", headers=BROWSER),
            await http.get("/t/initech/login", headers=BROWSER),
            await http.get("/t/initech/login"),
            await http.get("/nothing"),
            await http.get("/"),
            await http.get("http://evil.test/", headers=BROWSER),
            await http.get("http://evil.test/"),
            await http.get("/static/nothing"),
            *[await http.get(each) for each in static],
            await http.get("/livez"),
            await http.get("/readyz"),
            await caller.get("/.well-known/openid-configuration"),
            await caller.get("/.well-known/jwks.json"),
            await caller.get("/oauth/token"),
            await caller.get("/oauth/tokeninfo"),
            await caller.get("/oauth/userinfo", bearer="x.y.z"),
            await caller.post("/oauth/token"),
            await caller.post("/oauth/token", {"x": "y" * 70_000}),
            await caller.post("/oauth/token", {"grant_type": "client_credentials"}, basic=basic),
            await device.poll(shown["device_code"]),
        ]
        etag = found[-8].headers["etag"]
        found.append(await caller.get("/.well-known/jwks.json", headers=[("If-None-Match", etag)]))
        found += [await http.get(f"{issuer}/login") for _ in range(2)]
        for _ in range(12):
            found.append(await person.visit(f"{issuer}/device?user_code=BBBB-BBBB"))
        await change(server, acme, status=TenantStatus.SUSPENDED)
        return [*found, await http.get(f"{issuer}/login", headers=BROWSER), await http.get(issuer)]

    return answers


async def test_ht_21_every_answer_carries_the_headers_that_protect_a_browser(crawl: Crawl) -> None:
    answers = await crawl()
    codes = {answer.status_code for answer in answers}
    assert codes >= {200, 303, 304, 400, 401, 403, 404, 405, 413, 421, 429}
    for answer in answers:
        headers, what = answer.headers, (answer.status_code, answer.url)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, what
        assert "unsafe" not in policy, what
        assert headers["x-content-type-options"] == "nosniff", what
        assert headers["referrer-policy"] == "no-referrer", what
        assert headers["cross-origin-resource-policy"] == "same-origin", what
        assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"]), what
        assert "server" not in headers or not re.search(r"\d", headers["server"])
        assert "x-powered-by" not in headers


async def test_wb_04_no_answer_can_be_framed(crawl: Crawl) -> None:
    for answer in await crawl():
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"


async def test_wb_16_no_answer_keeps_a_line_to_who_opened_it(crawl: Crawl) -> None:
    for answer in await crawl():
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_ru_17_no_page_tells_another_site_of_itself(crawl: Crawl) -> None:
    pages = [
        answer
        for answer in await crawl()
        if answer.headers.get("content-type", "").startswith("text/html") and answer.content
    ]
    assert len(pages) > 15
    for page in pages:
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        for name, url in re.findall(r'\b(href|src|action|formaction|srcset)="([^"]*)"', page.text):
            assert url.startswith(("/", "#")), (page.url, name, url)
            assert not url.startswith("//"), (page.url, name, url)
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", page.text), "nothing inline"
        assert not re.search(r"\son\w+=|<style|\sstyle=", page.text), "nothing inline"
        assert "http-equiv" not in page.text


async def test_wb_12_nothing_of_a_tenant_s_runs_on_the_origin_that_it_shares(
    server: RunningServer, acme: Tenant, crawl: Crawl
) -> None:
    tenancy = Path(__file__).parents[2] / "docs" / "tenancy.md"
    assert "**Path tenants share a browser origin.**" in tenancy.read_text(), "no wall stops it"
    evil = '"><script src=//evil.test></script><link rel=stylesheet href=//evil.test>'
    await change(server, acme, name=evil)
    for answer in await crawl():
        path, kind = answer.url.path, answer.headers.get("content-type", "").partition(";")[0]
        assert "service-worker-allowed" not in answer.headers
        if not path.startswith("/static/"):
            assert kind in ("", "text/html", "text/plain") or kind.endswith("json"), path
        if kind == "text/html":
            assert "script-src 'self';" in answer.headers["content-security-policy"]
            for url in re.findall(r"<(?:script|link|img|object|embed|iframe)\b[^>]*", answer.text):
                [target] = re.findall(r'(?:src|href|data)="([^"]*)"', url)
                assert target.startswith(("/static/", "data:image/")), (path, url)


async def test_in_13_no_page_and_no_answer_about_anybody_may_be_stored(crawl: Crawl) -> None:
    for answer in await crawl():
        path = answer.url.path
        if path.startswith("/static/") or "/.well-known/" in path:
            continue
        assert answer.headers["cache-control"] == "no-store", (answer.status_code, path)


async def test_un_16_languages_are_no_paths(server: RunningServer, acme: Tenant) -> None:
    plain = await server.http.get(f"{acme.issuer}/nothing", headers=BROWSER)
    for odd in ("../../etc/passwd", "x" * 9_000, "de;q=nan", "\xff", "en\t", "{{7*7}}", ""):
        headers = [(b"accept", b"text/html"), (b"accept-language", odd.encode("latin-1"))]
        answer = await server.http.get(f"{acme.issuer}/nothing?ui_locales=../../x", headers=headers)
        assert answer.status_code == 404
        assert len(answer.content) == len(plain.content)


async def test_ht_20_nothing_that_is_echoed_splits_an_answer(
    server: RunningServer, acme: Tenant
) -> None:
    split = "x%0d%0aSet-Cookie:%20planted=1%0d%0a%0d%0a<script>"
    for path in (
        f"/device?user_code={split}",
        f"/login?return_to=/t/acme/{split}",
        f"/account/sessions?ended={split}",
        f"/{split}",
        f"/login/{split}",
    ):
        answer = await server.http.get(f"{acme.issuer}{path}", headers=BROWSER)
        assert "planted" not in str(answer.headers.get_list("set-cookie"))
        assert "<script>" not in answer.text
        assert "\r" not in answer.headers.get("location", "")
        assert "\n" not in answer.headers.get("location", "")


async def test_ex_04_what_is_logged_stays_one_harmless_line(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    at_acme: Caller,
    ledger: Ledger,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    odd = "x\u2028y\x1b[31m\u202e" + "z" * 20_000
    raw = odd.encode("utf-8").replace(b"\n", b"")
    for method, path in (("GET", "/login"), ("GET", f"/{'n' * 2_000}"), ("POST", "/oauth/token")):
        await server.http.request(
            method,
            f"{acme.issuer}{path}",
            headers=[(b"user-agent", raw), (b"x-request-id", raw), (b"referer", raw)],
        )
    await server.http.request("BREW" * 400, f"{acme.issuer}/login")
    person = Person(server.browser())
    await person.visit(f"{acme.issuer}/login")
    await person.submit({"username": "a\r\nb\u2028\x1b[31m", "password": "x" * 20}, to="/login")
    await at_acme.post("/oauth/token", {"grant_type": "client_credentials", "client_id": odd[:400],
                                        "client_secret": "no"})  # fmt: skip
    await asyncio.sleep(0)  # access lines are written at the end of a turn

    written = capsys.readouterr().err
    lines = written.splitlines()
    assert len(lines) == written.count("\n"), "U+2028 and its like end no line"
    assert len(lines) >= 7
    for line in lines:
        assert isinstance(json.loads(line), dict)
        assert len(line) < 2_048
        assert line.isprintable()
    # The audit log keeps what was said, cut to its columns.
    [failure] = await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE)
    assert len(failure.client_id) <= ids.LONGEST


async def test_ti_23_every_line_of_a_request_names_its_tenant_and_no_other(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    alice: User,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    await person.visit(f"{acme.issuer}/nothing")
    await server.http.post(f"{acme.issuer}/oauth/token", data={"client_id": "globex"})
    page = await server.http.get(f"{acme.issuer}/nothing", headers=BROWSER)
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    lines = [line for line in written if "request_id" in line]
    assert len(lines) >= 6
    assert {line["tenant"] for line in lines} == {"acme"}
    assert page.headers["x-request-id"] in page.text, "so that a person can ask about it"
    assert page.headers["x-request-id"] == lines[-1]["request_id"]
    assert not [line for line in lines if "alice" in str(line) or "globex" in str(line)]


async def test_ti_24_an_error_tells_nothing_of_the_database_or_of_others(
    server: RunningServer, acme: Tenant, globex: Tenant, person: Person
) -> None:
    answers = [
        await server.http.get(f"{acme.issuer}/login/{'x' * 300}", headers=BROWSER),
        await server.http.get(f"{acme.issuer}/login/a%00b", headers=BROWSER),
        await server.http.get(f"{acme.issuer}/static/%00", headers=BROWSER),
        await server.http.get("/static/..%2f..%2fetc/passwd"),
        await person.visit(f"{acme.issuer}/device?user_code=%00"),
        await person.visit(f"{acme.issuer}/account/sessions?ended=%00"),
    ]
    for answer in answers:
        assert answer.status_code in (200, 400, 404)
        for word in ("SELECT", "column", "varchar", "globex", str(globex.id), "Error:", 'File "'):
            assert word not in answer.text.replace("<title>Error: ", "")
