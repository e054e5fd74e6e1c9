"""``/join``: people begin accounts by themselves, where and as a tenant has it so."""

import asyncio
from collections import Counter

import httpx2
import pytest

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import MailStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.kept_mails import link_in_mail
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change, choose

PASSWORD = "ada-chose-these-herself"
ADA = "ada@new.example"


@pytest.fixture
async def opened(server: RunningServer, acme: Tenant) -> Tenant:
    """Acme, where everybody may."""
    await choose(server, acme, sign_up="open")
    return acme


@pytest.fixture
def ada(server: RunningServer) -> Person:
    """Somebody at a browser that was never here."""
    return Person(server.browser())


async def ask(person: Person, tenant: Tenant, email: str) -> httpx2.Response:
    await person.visit(f"{tenant.issuer}/join")
    return await person.submit({"email": email}, to="/join")


async def people(tenant: Tenant) -> set[str]:
    with use_tenant(tenant):
        return {row.username for row in await UserRow.all()}


async def test_lg_20_nobody_is_anybody_before_their_address_is_proven(
    server: RunningServer, opened: Tenant, ada: Person, ledger: Ledger
) -> None:
    page = await ada.visit(f"{opened.issuer}/login")
    assert 'href="/t/acme/join"' in page.text
    assert (await ask(ada, opened, ADA)).url.path.endswith("/join/sent")
    assert await people(opened) == set()
    link = await link_in_mail(server, opened)
    await ada.visit(link)
    page = await ada.submit({"name": "Ada", "password": "brief-one"}, to="/begin")
    assert (page.status_code, "at least 15" in page.text) == (400, True)
    page = await ada.submit({"name": "A\u200bda", "password": PASSWORD}, to="/begin")
    assert (page.status_code, "no control or invisible" in page.text) == (400, True)
    guests = [ada, *(Person(server.browser()) for _ in range(2))]
    for guest in guests:
        await guest.visit(link)
    sent = (guest.submit({"name": "Ada", "password": PASSWORD}, to="/begin") for guest in guests)
    codes = Counter(page.status_code for page in await asyncio.gather(*sent))
    assert codes == {200: 1, 400: 2}
    with use_tenant(opened):
        [row] = await UserRow.all()
    assert (row.username, row.email_verified, row.role) == (ADA, True, UserRole.USER)
    page = await ada.sign_in(opened.issuer, ADA, PASSWORD)
    assert page.url.path.endswith("/account/sessions")
    assert len(await ledger.events(opened, Event.USER_CREATED)) == 1


@on_sqlite
async def test_lg_09_who_asks_is_told_the_same_whoever_has_the_address(
    server: RunningServer, opened: Tenant, alice: User
) -> None:
    told = []
    for email in (ADA, "alice@acme.example", "Alice@ACME.example"):
        page = await ask(Person(server.browser()), opened, email)
        told.append((page.status_code, page.url.path))
    assert len(set(told)) == 1
    with use_tenant(opened):
        sent = await Mail.all().order_by("id")
    assert [each.recipient for each in sent] == [ADA, "alice@acme.example", "alice@acme.example"]
    assert await link_in_mail(server, opened) == f"{opened.issuer}/login", "she is told that she is"


@on_sqlite
async def test_lg_20_a_mailbox_is_not_flooded_whatever_stands_behind_its_plus(
    server: RunningServer, opened: Tenant
) -> None:
    for number in range(6):
        from_there = Person(server.from_address(f"198.51.100.{number}"))
        assert (await ask(from_there, opened, f"ada+{number}@new.example")).status_code == 200
    with use_tenant(opened):
        kinds = Counter([each.status for each in await Mail.all()])
    assert kinds == {MailStatus.KEPT: 3, MailStatus.WITHHELD: 3}
    last = Person(server.browser())
    codes = [(await ask(last, opened, ADA)).status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2, "and who asks is slowed down"


@on_sqlite
async def test_a_tenant_lets_in_whom_it_wants(
    server: RunningServer, acme: Tenant, ada: Person
) -> None:
    assert (await ada.visit(f"{acme.issuer}/join")).status_code == 404
    assert "/join" not in (await ada.visit(f"{acme.issuer}/login")).text
    await choose(server, acme, sign_up="domains", sign_up_domains=("New.example",))
    page = await ask(ada, acme, "eve@elsewhere.example")
    assert (page.status_code, "of this domain" in page.text) == (400, True)
    assert (await ask(ada, acme, ADA)).status_code == 200
    link = await link_in_mail(server, acme)
    await choose(server, acme, sign_up_domains=("other.example",))
    assert "no longer good" in (await ada.visit(link)).text, "it wants it otherwise by now"
    without = TenantSettings(sign_up="open", password_sign_in=False)
    await change(server, acme, settings=without.to_json())
    assert (await ada.visit(f"{acme.issuer}/join")).status_code == 404
