"""Being signed in: a session on the server, a key in one browser, and every way it ends."""

import base64
from uuid import UUID

import httpx2

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.audit import Event
from authgate.settings import DatabaseSettings
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.random_secrets import hashed
from authgate.storage.sign_in.sessions import Session
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing import PostgresServer
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger, at_rest
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

PASSWORD = "correct-horse-battery-staple"
COOKIE = "authgate_session"
HERE = "/account/sessions"


def key_of(person: Person) -> str:
    return person.http.cookies[COOKIE]


async def opens(server: RunningServer, tenant: Tenant, key: str, *more: str) -> bool:
    """Whether a cookie with this key, sent by hand, shows the account's page."""
    cookies = "; ".join([f"{COOKIE}={key}", *more])
    answer = await server.http.get(f"{tenant.issuer}{HERE}", headers={"Cookie": cookies})
    if answer.status_code == 200:
        return True
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{tenant.prefix}/login?return_to=")
    return False


async def is_signed_in(person: Person, tenant: Tenant) -> bool:
    page = await person.visit(f"{tenant.issuer}{HERE}")
    return page.url.path.endswith(HERE)


async def sessions_of(tenant: Tenant) -> list[Session]:
    with use_tenant(tenant):
        return await Session.all().order_by("id")


# --- The key --------------------------------------------------------------------------------------


async def test_wb_15_a_key_is_random_and_only_its_hash_is_stored(
    acme: Tenant, person: Person, database_settings: DatabaseSettings, postgres: PostgresServer
) -> None:
    key = key_of(person)
    assert len(base64.urlsafe_b64decode(f"{key}=")) == 32
    stored = at_rest(database_settings, postgres)
    assert str(acme.id) in stored
    assert key not in stored
    assert key.encode().hex() not in stored
    [session] = await sessions_of(acme)
    assert bytes(session.key_hash) == hashed(key)


async def test_wb_05_signing_in_gives_a_key_that_nobody_knew_before(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    planted = "planted-by-somebody-else"
    person = Person(server.browser())
    person.http.cookies.set(COOKIE, planted, domain="localhost.local", path=acme.prefix)
    before = await person.visit(f"{acme.issuer}/login")
    await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    assert await is_signed_in(person, acme)
    assert key_of(person) != planted
    assert not await opens(server, acme, planted)
    # What the forms carried before is worth nothing now.
    stale = forms(before.text)[0].hidden
    answer = await person.http.post(f"{acme.issuer}/logout", data=stale)
    assert answer.status_code == 403
    assert await is_signed_in(person, acme)


async def test_wb_05_signing_in_again_gives_the_session_a_key_that_nobody_knew_before(
    server: RunningServer, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    former = key_of(person)
    page = await person.visit(f"{acme.issuer}{HERE}")
    token = forms(page.text)[0].hidden["csrf_token"]
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    assert key_of(person) != former
    assert await opens(server, acme, key_of(person))
    assert not await opens(server, acme, former)
    fresh = forms((await person.visit(f"{acme.issuer}{HERE}")).text)[0].hidden["csrf_token"]
    assert fresh != token
    assert [each.ended_at for each in await sessions_of(acme)] == [None]


@on_sqlite
async def test_another_person_in_the_same_browser_ends_the_first_ones_session(
    server: RunningServer, acme: Tenant, person: Person, carol: User
) -> None:
    former = key_of(person)
    page = await person.sign_in(acme.issuer, "carol", PASSWORD)
    assert "carol" in page.text
    assert not await opens(server, acme, former)


# --- Ending it ------------------------------------------------------------------------------------


async def test_wb_06_signing_out_ends_the_session_on_the_server(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    copy = key_of(person)
    await person.visit(f"{acme.issuer}{HERE}")
    answer = await person.submit({}, to="/logout", follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/acme/login")
    assert COOKIE not in person.http.cookies
    assert not await opens(server, acme, copy)
    [event] = await ledger.events(acme, Event.LOGOUT)
    assert event.actor_id == str(alice.id)


async def test_wb_07_who_is_disabled_is_signed_out_everywhere_at_once(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    with use_tenant(acme):
        await users.set_status(alice.id, UserStatus.DISABLED)
    for somebody in (person, elsewhere):
        for path in (HERE, "/device"):
            answer = await somebody.http.get(f"{acme.issuer}{path}")
            assert answer.status_code == 303
            assert "/login" in answer.headers["location"]


@on_sqlite
async def test_wb_07_another_password_signs_a_person_out_everywhere(
    server: RunningServer, acme: Tenant, passwords: Passwords, person: Person
) -> None:
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    with use_tenant(acme):
        await provisioning.reset_password(
            passwords, "alice", password="another-horse-and-battery", now=server.clock()
        )
    for somebody in (person, elsewhere):
        for path in (HERE, "/device", "/account/apps"):
            answer = await somebody.http.get(f"{acme.issuer}{path}")
            assert (answer.status_code, "/login" in answer.headers["location"]) == (303, True)


@on_sqlite
async def test_wb_07_in_a_suspended_tenant_nobody_is_signed_in(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    await change(server, acme, status=TenantStatus.SUSPENDED)
    for path in (HERE, "/device", "/login"):
        assert (await person.http.get(f"{acme.issuer}{path}")).status_code == 403


async def test_wb_08_an_idle_browser_is_signed_out(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    for _ in range(3):  # whoever comes back in time stays
        server.clock.advance(1700)
        assert await opens(server, acme, key_of(person))
    server.clock.advance(1801)
    assert not await opens(server, acme, key_of(person))


@on_sqlite
async def test_wb_08_no_browser_stays_beyond_the_absolute_end(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    for _ in range(25):
        server.clock.advance(1700)
        assert await opens(server, acme, key_of(person))
    server.clock.advance(701)  # 12 hours and a second in all
    assert not await opens(server, acme, key_of(person))


async def test_wb_08_who_asked_to_stay_may_be_idle_but_not_for_ever(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person = Person(server.browser())
    await person.visit(f"{acme.issuer}/login")
    answer = await person.submit(
        {"username": "alice", "password": PASSWORD, "remember": "1"}, to="/login", follow=False
    )
    [cookie] = [each for each in answer.headers.get_list("set-cookie") if COOKIE in each]
    assert "Max-Age=2592000" in cookie
    key, day = key_of(person), 86_400
    # It comes, is away, and comes again: each visit leaves the promise as it was.
    for days in (1, 9, 19):
        server.clock.advance(days * day)
        assert await opens(server, acme, key)
    server.clock.advance(day + 1)
    assert not await opens(server, acme, key)


@on_sqlite
async def test_who_did_not_ask_is_forgotten_with_the_window(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person = Person(server.browser())
    await person.visit(f"{acme.issuer}/login")
    answer = await person.submit(
        {"username": "alice", "password": PASSWORD}, to="/login", follow=False
    )
    [cookie] = [each for each in answer.headers.get_list("set-cookie") if f"{COOKIE}=" in each]
    assert "Max-Age" not in cookie
    assert "Expires" not in cookie


# --- Whose cookie it is ---------------------------------------------------------------------------


async def test_wb_09_a_session_of_one_tenant_opens_nothing_at_another(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    person: Person,
    stranger: Person,
    ledger: Ledger,
) -> None:
    # The browser would not send them there; a person with a tool can.
    assert not await opens(server, globex, key_of(person))
    assert not await opens(server, acme, key_of(stranger))
    before = await ledger.rows(globex)
    forged = {"Cookie": f"{COOKIE}={key_of(person)}", "Origin": "http://localhost:8080"}
    page = await person.visit(f"{acme.issuer}{HERE}")
    fields = forms(page.text)[0].hidden
    for path in (f"{HERE}/end", f"{HERE}/end-others", "/logout", "/device", "/device/decision"):
        answer = await server.http.post(f"{globex.issuer}{path}", data=fields, headers=forged)
        assert answer.status_code == 403
    assert await ledger.rows(globex) == before
    assert await opens(server, acme, key_of(person))


@on_sqlite
async def test_wb_10_a_cookie_that_comes_twice_is_nobodys(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    key = key_of(person)
    assert await opens(server, acme, key, "other=1")
    for planted in (f"{COOKIE}=planted", f"{COOKIE}=", f"{COOKIE}={key}", f" {COOKIE} =x"):
        assert not await opens(server, acme, key, planted) or planted.startswith(" ")
    twice = [("Cookie", f"{COOKIE}={key}"), ("Cookie", f"{COOKIE}=planted")]
    answer = await server.http.get(f"{acme.issuer}{HERE}", headers=twice)
    assert answer.status_code == 303


@on_sqlite
async def test_cookies_may_come_in_several_headers(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    # As browsers send them over HTTP/2 (RFC 9113 section 8.2.3).
    crumbs = [("Cookie", "theme=dark"), ("Cookie", f"{COOKIE}={key_of(person)}")]
    answer = await server.http.get(f"{acme.issuer}{HERE}", headers=crumbs)
    assert answer.status_code == 200


@on_sqlite
async def test_rubbish_for_a_key_signs_nobody_in(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    key = key_of(person)
    for rubbish in (
        key[:-1],
        f"{key}x",
        key.lower(),
        f'"{key}"',
        "x" * 9_000,
        "%00",
        "a=b",
        "../../x",
        "\xff\xfe",
        str(UUID(int=0)),
        "",
    ):
        raw = f"{COOKIE}={rubbish}".encode("latin-1")
        answer = await server.http.get(f"{acme.issuer}{HERE}", headers=[(b"cookie", raw)])
        assert answer.status_code == 303


# --- The page of the account ----------------------------------------------------------------------


async def elsewhere(server: RunningServer, tenant: Tenant, name: str = "alice") -> Person:
    other = Person(server.browser())
    other.http.headers["User-Agent"] = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/156.0.0.0 Safari/537.36"
    )
    await other.sign_in(tenant.issuer, name, PASSWORD)
    return other


async def test_one_session_can_be_ended_from_another(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    other = await elsewhere(server, acme)
    page = await person.visit(f"{acme.issuer}{HERE}")
    assert "Chrome 156 on Linux" in page.text
    theirs = str((await sessions_of(acme))[1].id)
    assert f'name="session" value="{theirs}"' in page.text
    answer = await person.submit({"session": theirs}, to="/end", follow=False)
    assert answer.headers["location"] == "/t/acme/account/sessions?ended=1"
    assert not await is_signed_in(other, acme)
    assert await is_signed_in(person, acme)
    [event] = await ledger.events(acme, Event.SESSION_REVOKED)
    assert (event.actor_id, event.resource_id) == (str(alice.id), theirs)


async def test_all_other_sessions_can_be_ended_at_once(
    server: RunningServer, acme: Tenant, person: Person, colleague: Person, ledger: Ledger
) -> None:
    others = [await elsewhere(server, acme) for _ in range(2)]
    await person.visit(f"{acme.issuer}{HERE}")
    answer = await person.submit({}, to="/end-others", follow=False)
    assert answer.headers["location"] == "/t/acme/account/sessions?ended=2"
    assert [await is_signed_in(each, acme) for each in others] == [False, False]
    assert await is_signed_in(person, acme)
    assert await is_signed_in(colleague, acme), "she is somebody else"
    [event] = await ledger.events(acme, Event.SESSION_REVOKED)
    assert event.details == {"sessions": 2}


async def test_ti_01_the_session_of_somebody_else_is_as_unknown_as_none(
    acme: Tenant,
    globex: Tenant,
    person: Person,
    colleague: Person,
    stranger: Person,
    ledger: Ledger,
) -> None:
    mine, hers = [str(each.id) for each in await sessions_of(acme)]
    [his] = [str(each.id) for each in await sessions_of(globex)]
    before = [await ledger.rows(tenant) for tenant in (acme, globex)]
    answers = []
    for wanted in (
        hers,
        his,
        str(UUID(int=7)),
        "rubbish",
        "",
        f"{{{hers}}}",
        "x" * 9_000,
        "\u0661" * 32,
    ):
        page = await person.visit(f"{acme.issuer}{HERE}")
        token = forms(page.text)[0].hidden["csrf_token"]
        answers.append(
            await person.http.post(
                f"{acme.issuer}{HERE}/end", data={"session": wanted, "csrf_token": token}
            )
        )
    assert {each.status_code for each in answers} == {303}
    assert {each.headers["location"] for each in answers} == {f"/t/acme{HERE}?ended=0"}
    assert len({each.content for each in answers}) == 1
    assert [await ledger.rows(tenant) for tenant in (acme, globex)] == before
    assert await is_signed_in(colleague, acme)
    assert await is_signed_in(stranger, globex)
    assert mine != hers


@on_sqlite
async def test_ending_the_session_one_is_in_asks_to_sign_in(acme: Tenant, person: Person) -> None:
    [mine] = await sessions_of(acme)
    page = await person.visit(f"{acme.issuer}{HERE}")
    token = forms(page.text)[0].hidden["csrf_token"]
    fields = {"session": str(mine.id), "csrf_token": token}
    answer = await person.http.post(f"{acme.issuer}{HERE}/end", data=fields, follow_redirects=True)
    assert answer.url.path == "/t/acme/login"


@on_sqlite
async def test_un_07_a_count_that_is_none_is_not_shown(acme: Tenant, person: Person) -> None:
    for count in ("-1", "1e9", "99999", "x", "<b>", "\u0661", "\0", ""):
        url = httpx2.URL(f"{acme.issuer}{HERE}", params={"ended": count})
        page = await person.visit(str(url))
        assert page.status_code == 200
        assert "Signed out of" not in page.text
    page = await person.visit(f"{acme.issuer}{HERE}?ended=2")
    assert "Signed out of 2 places" in page.text


@on_sqlite
async def test_the_page_of_the_account_is_for_who_is_signed_in(
    server: RunningServer, acme: Tenant
) -> None:
    for path in ("", "/", "/account", HERE, f"{HERE}?ended=1", "/device", "/device?user_code=X"):
        answer = await server.http.get(f"{acme.issuer}{path}", follow_redirects=True)
        assert answer.url.path == "/t/acme/login", path
