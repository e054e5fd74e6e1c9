"""``/forgot-password``: a link in a mail by which another password is chosen, and who gets none."""

import asyncio
import re
from collections import Counter
from html import unescape
from typing import Any

import httpx2
import pytest
from tortoise.backends.sqlite.client import SqliteClient

from authgate import provisioning
from authgate.audit import Event
from authgate.mail.post import opened
from authgate.provisioning.forgotten_passwords import GOOD
from authgate.storage.mail.mails import Mail
from authgate.storage.people import mailed_links, users
from authgate.storage.people.mailed_links import MailedLinkRow
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import LinkPurpose, MailPurpose, MailStatus, UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_tenants.encryption import TenantCipher
from authgate_testing import tenants
from authgate_testing.api import EVERYTHING, api_client
from authgate_testing.application import Application
from authgate_testing.authenticator import is_asked, let_in
from authgate_testing.databases import on_sqlite
from authgate_testing.kept_mails import link_in_mail
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

PASSWORD = "correct-horse-battery-staple"
OTHER = "several words of another kind"


async def ask(person: Person, tenant: Tenant, name: str) -> httpx2.Response:
    await person.visit(f"{tenant.issuer}/forgot-password")
    return await person.submit({"username": name}, to="/forgot-password")


async def choose(person: Person, link: str, password: str = OTHER) -> httpx2.Response:
    await person.visit(link)
    return await person.submit({"password": password}, to="/choose")


async def links(tenant: Tenant) -> int:
    with use_tenant(tenant):
        return await MailedLinkRow.exclude(user_id=None).count()


@pytest.fixture
def nobody(server: RunningServer) -> Person:
    """Somebody at a browser that was never here."""
    return Person(server.browser())


async def test_pw_05_who_forgot_their_password_chooses_another_and_is_signed_out_everywhere(
    server: RunningServer,
    acme: Tenant,
    person: Person,
    nobody: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    granted = await console.signed_in(person, scope="openid offline_access")
    page = await person.visit(f"{acme.issuer}/login")
    assert 'href="/t/acme/forgot-password"' in page.text
    page = await ask(nobody, acme, "ALICE")
    assert page.url.path.endswith("/forgot-password/sent")
    link = await link_in_mail(server, acme)
    page = await choose(nobody, link, "too short")
    assert (page.status_code, "at least 15 characters" in page.text) == (400, True)
    page = await nobody.submit({"password": OTHER}, to="/choose")
    assert page.url.path.endswith("/forgot-password/done")
    assert "authgate_session" not in nobody.http.cookies, "the link signs nobody in"
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")
    refreshed = await console.refresh(granted["refresh_token"])
    assert refreshed.status_code == 400
    assert (await nobody.sign_in(acme.issuer, "alice", PASSWORD)).status_code == 400
    page = await nobody.sign_in(acme.issuer, "alice", OTHER)
    assert page.url.path.endswith("/account/sessions")
    [event] = await ledger.events(acme, Event.USER_PASSWORD_RESET)
    assert event.details["by"] == "mail"
    with use_tenant(acme):
        [told] = await Mail.filter(purpose=MailPurpose.NOTICE)
        assert told.recipient == "alice@acme.example"


async def test_pw_03_04_a_link_is_good_once_for_ten_minutes_and_only_the_newest_and_only_here(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, bob: User, nobody: Person
) -> None:
    gone = "This link is no longer good"
    await ask(nobody, acme, "alice")
    former = await link_in_mail(server, acme)
    await ask(nobody, acme, "alice")
    link = await link_in_mail(server, acme)
    assert gone in (await nobody.visit(former)).text, "a newer one was sent"
    assert gone in (await nobody.visit(link.replace("/t/acme/", "/t/globex/"))).text
    assert gone in (await nobody.visit(link[:-1])).text
    server.clock.advance(601)
    assert gone in (await nobody.visit(link)).text, "too old"
    await ask(nobody, acme, "alice")
    link = await link_in_mail(server, acme)
    guests = [Person(server.browser()) for _ in range(4)]
    for guest in guests:
        await guest.visit(link)
    sent = (
        guest.submit({"password": f"{OTHER} {number}"}, to="/choose")
        for number, guest in enumerate(guests)
    )
    pages = await asyncio.gather(*sent)
    assert Counter(page.status_code for page in pages) == {200: 1, 400: 3}
    assert gone in (await nobody.visit(link)).text, "used"
    assert await links(acme) == 0


@on_sqlite
async def test_pw_03_a_link_is_good_no_more_once_the_password_is_another_one(
    server: RunningServer, acme: Tenant, person: Person, nobody: Person
) -> None:
    await ask(nobody, acme, "alice")
    link = await link_in_mail(server, acme)
    await person.visit(f"{acme.issuer}/account/password")
    await person.submit({"current": PASSWORD, "password": OTHER}, to="/password")
    assert "no longer good" in (await nobody.visit(link)).text


@on_sqlite
async def test_who_has_an_address_that_is_none_is_locked_out_nowhere_and_told_apart_by_nobody(
    server: RunningServer, acme: Tenant, person: Person, alice: User, nobody: Person
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(
            email="alice@localhost", canonical_email="alice@localhost"
        )
    server.clock.advance(4000)  # beyond the first hour of an account
    page = await nobody.sign_in(acme.issuer, "alice", PASSWORD)
    assert page.url.path.endswith("/account/sessions"), "a browser that is not known"
    for name in ("alice@localhost", "nobody@localhost"):
        page = await ask(nobody, acme, name)
        assert (page.status_code, page.url.path[-5:]) == (200, "/sent"), name
    await nobody.visit(f"{acme.issuer}/account/password")
    page = await nobody.submit({"current": PASSWORD, "password": OTHER}, to="/password")
    assert page.status_code == 200
    await nobody.visit(f"{acme.issuer}/account/profile")
    page = await nobody.submit({"email": "alice@acme.example"}, to="/address")
    await nobody.visit(await link_in_mail(server, acme))
    page = await nobody.submit({}, to="/address")
    assert page.status_code == 200, page.text
    with use_tenant(acme):
        assert (await UserRow.get(id=alice.id)).email == "alice@acme.example"
        await UserRow.filter(id=alice.id).update(email="alice@localhost")
    await nobody.visit(f"{acme.issuer}/account/data")
    assert (await nobody.submit({}, to="/leave")).status_code == 200
    with use_tenant(acme):
        sent = await Mail.exclude(status=MailStatus.WITHHELD)
        assert {each.recipient for each in sent} == {"alice@acme.example"}


@on_sqlite
async def test_pw_03_a_link_is_good_no_more_once_an_administrator_has_changed_what_it_is_about(
    server: RunningServer, acme: Tenant, alice: User, person: Person, nobody: Person
) -> None:
    api = await api_client(server, acme, *EVERYTHING)
    await ask(nobody, acme, "alice")
    link = await link_in_mail(server, acme)
    assert (await api.post(f"/users/{alice.id}/reset-password", {})).status_code == 200
    assert "no longer good" in (await nobody.visit(link)).text, "another password"
    await ask(nobody, acme, "alice")
    with use_tenant(acme):
        for purpose in (LinkPurpose.ADDRESS, LinkPurpose.UNDO):
            await mailed_links.add(
                purpose, user_id=alice.id, email="x@acme.example", good=GOOD, now=server.clock()
            )
    for said, left in ({"name": "Al"}, 3), ({"email": "al@acme.example"}, 0):
        changed = await api.patch(f"/users/{alice.id}", said, if_match="*")
        assert changed.status_code == 200, changed.text
        assert await links(acme) == left, said


@on_sqlite
async def test_pw_11_who_only_looks_at_a_link_uses_nothing_up(
    server: RunningServer, acme: Tenant, alice: User, nobody: Person
) -> None:
    await ask(nobody, acme, "alice")
    link = await link_in_mail(server, acme)
    for _ in range(3):
        assert (await server.browser().get(link)).status_code == 200
        assert (await server.browser().head(link)).status_code == 200
    unasked = next(each.hidden for each in forms((await nobody.visit(link)).text))
    unasked.pop("csrf_token")
    sent = unasked | {"password": OTHER}
    forged = await server.browser().post(f"{acme.issuer}/forgot-password/choose", data=sent)
    assert forged.status_code == 403, "another site sends this form"
    assert (await choose(nobody, link)).url.path.endswith("/done")


@on_sqlite
async def test_pw_01_02_the_link_leads_to_the_tenant_whatever_headers_ask_for_it(
    server: RunningServer, acme: Tenant, alice: User, nobody: Person
) -> None:
    await nobody.visit(f"{acme.issuer}/forgot-password")
    for header in (
        "Host",
        "X-Forwarded-Host",
        "X-Forwarded-Prefix",
        "X-Forwarded-Port",
        "Forwarded",
    ):
        nobody.http.headers[header] = "host=evil.test" if header == "Forwarded" else "evil.test"
        await nobody.submit({"username": "alice"}, to="/forgot-password", follow=False)
        del nobody.http.headers[header]
        await nobody.visit(f"{acme.issuer}/forgot-password")
    with use_tenant(acme):
        sent = await Mail.exclude(status=MailStatus.WITHHELD)
        cipher = await server.parts.encryption.cipher(acme.id)
    assert len(sent) == 3, "and no more than three an hour"
    for each in sent:
        letter, _ = opened(cipher, each)
        assert re.findall(r"https?://[^/]+/", letter.text) == [f"{acme.issuer[: -len('t/acme')]}"]
        assert "evil" not in f"{letter}"


@on_sqlite
async def test_pw_09_a_mailbox_is_sent_three_and_who_asks_sees_no_difference(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    told = set()
    for number in range(8):
        name = "alice" if number % 2 else "alice@acme.example"
        page = await ask(Person(server.from_address(f"198.51.100.{number}")), acme, name)
        told.add((page.status_code, page.url.path))
    assert told == {(200, "/t/acme/forgot-password/sent")}
    with use_tenant(acme):
        assert await Mail.filter(recipient="alice@acme.example").count() == 3
    outcomes = [each.success for each in await ledger.events(acme, Event.USER_PASSWORD_FORGOTTEN)]
    assert outcomes == [True] * 3 + [False] * 5
    assert await links(acme) == 1, "the last that was sent is good still"


@on_sqlite
async def test_pw_12_the_mail_goes_to_the_address_that_is_kept(
    server: RunningServer, acme: Tenant, alice: User, nobody: Person
) -> None:
    # A twin of the name that some mail servers take for another address.
    for twin in ("ALICE@ACME.EXAMPLE", "\uff41lice@acme.example"):
        await ask(nobody, acme, twin)
    await ask(nobody, acme, "al\u0456ce@acme.example")
    with use_tenant(acme):
        sent = await Mail.exclude(status=MailStatus.WITHHELD)
    assert [each.recipient for each in sent] == ["alice@acme.example"] * 2


_STATEMENT = re.compile(
    r'(SELECT|INSERT|UPDATE|DELETE)\b.*?"(users|mails|mailed_links)"', re.DOTALL
)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What is asked of the tables, and what is sealed."""
    done: list[tuple[str, ...]] = []
    query, seal = SqliteClient.execute_query, TenantCipher.seal

    async def asked(self: SqliteClient, statement: str, values: list[Any] | None = None) -> Any:
        if found := _STATEMENT.match(statement):
            done.append(found.groups())
        return await query(self, statement, values)

    def sealed(self: TenantCipher, *, kind: str, object_id: str, plaintext: bytes) -> bytes:
        done.append(("seal", kind))
        return seal(self, kind=kind, object_id=object_id, plaintext=plaintext)

    monkeypatch.setattr(SqliteClient, "execute_query", asked)
    monkeypatch.setattr(TenantCipher, "seal", sealed)
    return done


@on_sqlite
async def test_lg_09_10_who_asks_is_told_the_same_and_the_same_is_done_whoever_has_an_account(
    server: RunningServer, acme: Tenant, alice: User, work: list[tuple[str, ...]]
) -> None:
    with use_tenant(acme):
        dora = await users.create(
            username="dora", email="dora@acme.example", email_verified=True, password_hash="x"
        )
        await users.set_status(dora.id, UserStatus.DISABLED)
        await users.create(username="fred", email="fred@acme.example", email_verified=True)
        await users.create(username="uma", email="uma@acme.example", password_hash="x")
    told, done = [], []
    for number, name in enumerate(
        (
            "alice",
            "dora",
            "fred",
            "uma",
            "nobody",
            "nobody@acme.example",
            "\u200b",
            "x" * 900,
        )
    ):
        person = Person(server.from_address(f"198.51.100.{number}"))
        await person.visit(f"{acme.issuer}/forgot-password")
        work.clear()
        page = await person.submit({"username": name}, to="/forgot-password")
        told.append((page.status_code, page.url.path, re.sub('value="[^"]*"', "", page.text)))
        done.append(Counter(work))
    assert all(each == told[0] for each in told)
    assert all(each == done[0] for each in done[:-2]), done
    with use_tenant(acme):
        sent = Counter([each.status for each in await Mail.all()])
    assert sent[MailStatus.KEPT] == 1
    assert sent[MailStatus.WITHHELD] == 7


@on_sqlite
async def test_where_nobody_has_a_password_nobody_forgets_one(
    server: RunningServer, acme: Tenant, nobody: Person
) -> None:
    without = TenantSettings(password_sign_in=False)
    await change(server, acme, settings=without.to_json())
    page = await nobody.visit(f"{acme.issuer}/forgot-password")
    assert page.status_code == 404


@on_sqlite
async def test_pw_06_who_chooses_another_password_shows_the_second_factor_they_have(
    server: RunningServer, acme: Tenant, alice: User, nobody: Person
) -> None:
    remembered = await let_in(server, acme, alice, remember_device="1")
    await ask(nobody, acme, "alice")
    await choose(nobody, await link_in_mail(server, acme))
    for each in (nobody, remembered):
        await each.sign_in(acme.issuer, "alice", OTHER)
        assert is_asked(each), "in a browser that was remembered for the former one as well"


@on_sqlite
async def test_pw_08_what_a_tenant_says_is_no_template(
    server: RunningServer, acme: Tenant, alice: User, nobody: Person
) -> None:
    strange = "{{ ''.__class__ }}{% for _ in range(10**9) %}x{% endfor %}"
    await provisioning.change_tenant(server.parts, acme, name=strange)
    await tenants.choose(server, acme, sign_in_title=strange, sign_in_text=strange)
    await ask(nobody, acme, "alice")
    for path in ("/mails", "/login"):
        page = await nobody.visit(f"{acme.issuer}{path}")
        assert strange in unescape(page.text), path
