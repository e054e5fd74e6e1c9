"""How an operator comes into a tenant: asked for, approved by it, for a while, and seen."""

import asyncio
import html
import re
from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from authgate import background, provisioning, storage
from authgate.audit import Event
from authgate.jobs import Result, SettleAccesses
from authgate.permissions import UserRole
from authgate.provisioning import operator_accesses
from authgate.provisioning.operator_accesses import UnfitAccess, Wanted
from authgate.storage.mail.mails import Mail
from authgate.storage.people import users
from authgate.storage.people.users import User, UserRow
from authgate.storage.tenants import plan_use
from authgate.storage.tenants.quotas import Quota, QuotaReached
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import AccessState, MailPurpose, UserStatus
from authgate_tenants import Plan, Tenant, use_tenant
from authgate_testing.api import ApiClient, administering, api_client, is_problem
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

ASKED = {"role": "auditor", "reason": "Ticket 4711", "hours": 2}


@pytest.fixture
async def owned(acme: Tenant, alice: User, person: Person) -> Person:
    """Alice, who owns acme, at her browser."""
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER)
    return person


async def asked(by: ApiClient, tenant: Tenant, **said: Any) -> dict[str, Any]:
    answer = await by.post(f"/tenants/{tenant.id}/accesses", {**ASKED, **said})
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def door(by: ApiClient, tenant: Tenant, access: dict[str, Any]) -> str:
    answer = await by.post(f"/tenants/{tenant.id}/accesses/{access['id']}/entry")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


async def come_in(browser: Person, url: str) -> int:
    await browser.visit(url)
    page = await browser.submit({}, to="/operator-entry")
    return page.status_code


@on_sqlite
async def test_ti_21_30_an_operator_comes_in_once_approved_and_both_logs_say_so(
    server: RunningServer,
    by_mira: ApiClient,
    owned: Person,
    ops: Tenant,
    acme: Tenant,
    ledger: Ledger,
) -> None:
    access = await asked(by_mira, acme)
    assert access["state"] == "asked"
    closed = await by_mira.post(f"/tenants/{acme.id}/accesses/{access['id']}/entry")
    assert is_problem(closed, 409, "conflict"), "nobody has approved"
    team = await owned.visit(f"{acme.issuer}/admin/team")
    assert "Ticket 4711" in team.text
    await owned.submit({}, to="/approve")
    guest = Person(server.browser())
    assert await come_in(guest, await door(by_mira, acme, access)) == 200
    assert (await guest.visit(f"{acme.issuer}/admin/clients")).status_code == 200
    await guest.visit(f"{acme.issuer}/admin/clients")
    looked = await ledger.events(acme, Event.TENANT_DATA_VIEWED)
    at_clients = [each for each in looked if each.details == {"area": "console:clients"}]
    assert [each.actor_name for each in at_clients] == ["mira@operator"], "once in a while"
    assert (await guest.visit(f"{acme.issuer}/admin/clients/new")).status_code == 403
    for tenant, entered in (
        (acme, Event.OPERATOR_ACCESS_ENTERED),
        (ops, Event.OPERATOR_ACCESS_DOOR_OPENED),
    ):
        for event in (Event.OPERATOR_ACCESS_ASKED, entered):
            assert len(await ledger.events(tenant, event)) == 1, (event, tenant.slug)
    assert not await ledger.events(ops, Event.OPERATOR_ACCESS_ENTERED), "only acme can tell"
    [approved] = await ledger.events(acme, Event.OPERATOR_ACCESS_APPROVED)
    assert approved.actor_name == "alice"


@on_sqlite
async def test_a_door_opens_once_within_a_minute_and_only_while_the_access_lasts(
    server: RunningServer, by_mira: ApiClient, owned: Person, acme: Tenant
) -> None:
    access = await asked(by_mira, acme)
    await owned.visit(f"{acme.issuer}/admin/team")
    await owned.submit({}, to="/approve")
    url = await door(by_mira, acme, access)
    assert await come_in(Person(server.browser()), url) == 200
    assert await come_in(Person(server.browser()), url) == 404, "it was used"
    url = await door(by_mira, acme, access)
    server.clock.advance(seconds=61)
    assert await come_in(Person(server.browser()), url) == 404, "it is too late"
    server.clock.advance(seconds=2 * 3600)
    late = await by_mira.post(f"/tenants/{acme.id}/accesses/{access['id']}/entry")
    assert late.status_code in (401, 409), "the access is over, and mira's token perhaps as well"


@on_sqlite
async def test_who_is_in_charge_ends_it_and_the_guest_is_out_at_once(
    server: RunningServer, by_mira: ApiClient, owned: Person, acme: Tenant
) -> None:
    access = await asked(by_mira, acme, role="admin")
    await owned.visit(f"{acme.issuer}/admin/team")
    await owned.submit({}, to="/approve")
    guest = Person(server.browser())
    await come_in(guest, await door(by_mira, acme, access))
    assert (await guest.visit(f"{acme.issuer}/admin")).status_code == 200
    await owned.visit(f"{acme.issuer}/admin/team")
    await owned.submit({}, to="/end")
    assert (await guest.visit(f"{acme.issuer}/admin")).url.path.endswith("/login")
    closed = await by_mira.post(f"/tenants/{acme.id}/accesses/{access['id']}/entry")
    assert is_problem(closed, 409, "conflict")


@on_sqlite
async def test_what_a_tenant_announces_begins_by_itself_unless_it_is_ended(
    server: RunningServer, by_mira: ApiClient, acme: Tenant
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda s: s.changed({"operator_access": "announced"})
    )
    server.clock.advance(seconds=2)
    access = await asked(by_mira, acme)
    assert access["state"] == "granted"
    early = await by_mira.post(f"/tenants/{acme.id}/accesses/{access['id']}/entry")
    assert is_problem(early, 409, "conflict")
    server.clock.advance(seconds=15 * 60)
    assert await come_in(Person(server.browser()), await door(by_mira, acme, access)) == 200


@on_sqlite
async def test_an_emergency_begins_at_once_for_an_hour_and_is_critical(
    by_mira: ApiClient, ops: Tenant, acme: Tenant, ledger: Ledger
) -> None:
    access = await asked(by_mira, acme, emergency=True, hours=8)
    assert access["state"] == "granted"
    assert await door(by_mira, acme, access)
    for tenant in (acme, ops):
        [event] = await ledger.events(tenant, Event.OPERATOR_ACCESS_EMERGENCY)
        assert event.severity == "CRITICAL"


@on_sqlite
async def test_a_guest_is_in_charge_of_nobody(
    server: RunningServer, by_mira: ApiClient, owned: Person, acme: Tenant, alice: User, carol: User
) -> None:
    access = await asked(by_mira, acme, role="admin", emergency=True)
    guest = Person(server.browser())
    await come_in(guest, await door(by_mira, acme, access))
    again = await by_mira.post(f"/tenants/{acme.id}/accesses", ASKED)
    assert is_problem(again, 409, "conflict"), "one at a time"
    await guest.visit(f"{acme.issuer}/admin/team/{carol.id}")
    page = await guest.submit({"role": "auditor", "sure": "1"}, to=f"/team/{carol.id}")
    assert page.status_code == 409
    with use_tenant(acme):
        assert (await UserRow.get(id=carol.id)).role is UserRole.USER
        guests = await UserRow.filter(guest_until__isnull=False)
    assert [each.username for each in guests] == ["mira@operator"]
    assert guests[0].password_hash is None
    assert guests[0].email is None


@on_sqlite
async def test_a_guest_does_not_choose_how_the_next_one_comes_in(
    server: RunningServer, by_mira: ApiClient, owned: Person, acme: Tenant
) -> None:
    access = await asked(by_mira, acme, role="admin", emergency=True)
    guest = Person(server.browser())
    await come_in(guest, await door(by_mira, acme, access))
    where = f"{acme.issuer}/admin/settings/sign-in"
    said = {"operator_access": "announced"}
    for who, status in ((guest, 400), (owned, 200)):
        await who.visit(where)
        page = await who.submit(said, to="/settings/sign-in")
        assert page.status_code == status, page.text
        assert ("decide about no access" in page.text) is (who is guest)


@on_sqlite
async def test_an_operator_asks_comes_in_and_leaves_by_pages(
    server: RunningServer, at_browser: Person, owned: Person, ops: Tenant, acme: Tenant
) -> None:
    where = f"{ops.issuer}/operator/tenants/{acme.id}/access"
    await at_browser.visit(where)
    said = {"role": "admin", "hours": "2", "reason": ""}
    assert (await at_browser.submit(said, to="/access")).status_code == 422
    page = await at_browser.submit(said | {"reason": "Ticket 4711"}, to="/access")
    assert "Asked" in page.text
    again = await at_browser.submit(said | {"reason": "Ticket 4712"}, to="/access")
    assert again.status_code == 409, "one at a time"
    await owned.visit(f"{acme.issuer}/admin/team")
    await owned.submit({}, to="/approve")
    await at_browser.visit(where)
    page = await at_browser.submit({}, to="/enter")
    url = html.unescape(re.findall(r'href="([^"]*/operator-entry[^"]*)"', page.text)[0])
    guest = Person(server.browser())
    assert await come_in(guest, url) == 200
    await at_browser.visit(where)
    await at_browser.submit({}, to="/end")
    assert (await guest.visit(f"{acme.issuer}/admin")).url.path.endswith("/login")


async def test_who_is_no_operator_any_more_or_is_late_is_no_guest_either(
    server: RunningServer, by_mira: ApiClient, ops: Tenant, acme: Tenant, globex: Tenant, mira: User
) -> None:
    settle = background.performer(server.parts)
    guests = {}
    for tenant in (acme, globex):
        access = await asked(by_mira, tenant, emergency=True, role="admin")
        guests[tenant.slug] = Person(server.browser())
        await come_in(guests[tenant.slug], await door(by_mira, tenant, access))
    assert await settle.perform(SettleAccesses(), tenant_id=None) is Result.DONE
    for tenant in (acme, globex):
        page = await guests[tenant.slug].visit(f"{tenant.issuer}/admin")
        assert page.status_code == 200, "they are operators, and it is not late"
    with use_tenant(ops):
        await UserRow.filter(id=mira.id).update(role=UserRole.USER)
    assert await settle.perform(SettleAccesses(), tenant_id=None) is Result.DONE
    for tenant in (acme, globex):
        page = await guests[tenant.slug].visit(f"{tenant.issuer}/admin")
        assert page.url.path.endswith("/login"), tenant.slug
        with use_tenant(tenant):
            [guest] = await UserRow.filter(guest_until__isnull=False)
            assert guest.status is UserStatus.DISABLED


@on_sqlite
async def test_an_access_whose_time_is_over_is_noted_to_be(
    server: RunningServer, by_mira: ApiClient, acme: Tenant, ledger: Ledger
) -> None:
    await asked(by_mira, acme)
    server.clock.advance(seconds=2 * 3600 + 1)
    settle = background.performer(server.parts)
    assert await settle.perform(SettleAccesses(), tenant_id=None) is Result.DONE
    with use_tenant(acme):
        [access] = await operator_accesses.newest()
    assert access.state is AccessState.OVER
    [ended] = await ledger.events(acme, Event.OPERATOR_ACCESS_ENDED)
    assert ended.actor_type == "system"


@on_sqlite
async def test_those_in_charge_are_told_by_mail(
    by_mira: ApiClient, owned: Person, acme: Tenant, carol: User
) -> None:
    await asked(by_mira, acme)
    with use_tenant(acme):
        [mail] = await Mail.all()
        alice = await UserRow.get(role=UserRole.OWNER)
    assert (mail.purpose, mail.recipient) == (MailPurpose.OPERATOR_ACCESS, alice.email)
    page = await owned.visit(f"{acme.issuer}/admin/team")
    assert "Ticket 4711" in page.text


@on_sqlite
async def test_a_program_and_another_operator_come_in_nowhere(
    server: RunningServer, operator: ApiClient, by_mira: ApiClient, ops: Tenant, acme: Tenant
) -> None:
    refused = await operator.post(f"/tenants/{acme.id}/accesses", ASKED)
    assert is_problem(refused, 409, "conflict"), "nobody's guest"
    own = await by_mira.post(f"/tenants/{ops.id}/accesses", ASKED)
    assert is_problem(own, 409, "conflict")
    owner = await by_mira.post(f"/tenants/{acme.id}/accesses", {**ASKED, "role": "owner"})
    assert is_problem(owner, 422, "invalid")
    long = await by_mira.post(f"/tenants/{acme.id}/accesses", {**ASKED, "hours": 9})
    assert is_problem(long, 422, "invalid")


@on_sqlite
async def test_ti_of_another_tenants_accesses_nothing_is_seen_or_decided(
    server: RunningServer, by_mira: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    access = await asked(by_mira, acme)
    foreign = await api_client(server, globex, "authgate:roles:read", "authgate:roles:write")
    assert (await foreign.get("/operator-accesses")).json() == {"items": []}
    for verb in ("approve", "refuse", "end"):
        answer = await foreign.post(f"/operator-accesses/{access['id']}/{verb}")
        assert is_problem(answer, 404, "not-found"), verb
    listed = await by_mira.get(f"/tenants/{globex.id}/accesses")
    assert listed.json() == {"items": []}
    ended = await by_mira.post(f"/tenants/{globex.id}/accesses/{access['id']}/end")
    assert is_problem(ended, 404, "not-found")


@on_sqlite
async def test_a_guest_takes_no_place_of_the_tenants_plan_and_comes_where_it_is_full(
    server: RunningServer, by_mira: ApiClient, owned: Person, acme: Tenant
) -> None:
    await provisioning.put_plan(server.parts, Plan("full", users=1, monthly_active_users=1))
    await provisioning.give_plan(server.parts, acme, "full")
    access = await asked(by_mira, acme, emergency=True)
    guest = Person(server.browser())
    assert await come_in(guest, await door(by_mira, acme, access)) == 200
    page = await owned.visit(f"{acme.issuer}/admin/first-steps")
    colleague = re.search(r"A colleague</b><p>([^<]*)", page.text)
    assert colleague is not None
    assert colleague[1] != "Done."
    found = await server.parts.resolver.find("acme")
    assert found is not None
    with use_tenant(found):
        used = await plan_use.of_everything(server.clock())
        assert {each.quota: each.used for each in used} == {
            Quota.CLIENTS: 0,
            Quota.USERS: 1,
            Quota.GROUPS: 0,
            Quota.MONTHLY_ACTIVE_USERS: 1,
        }
        with pytest.raises(QuotaReached):
            await users.create(username="one-more")


@on_sqlite
async def test_nothing_that_a_guest_makes_administers_the_tenant_when_they_are_gone(
    server: RunningServer, by_mira: ApiClient, owned: Person, acme: Tenant
) -> None:
    trusted = {"https://idp.example": "https://idp.example/keys"}
    await provisioning.change_tenant(
        server.parts, acme, change=lambda s: s.changed({"trusted_issuers": trusted})
    )
    await provisioning.change_tenant(
        server.parts, acme, change=lambda s: s.changed({"trusted_issuers": {}})
    )
    mighty = (await api_client(server, acme, Scope.USERS_WRITE)).client
    assert mighty is not None
    areas = ("clients", "roles", "settings", "keys")
    scopes = [f"authgate:{area}:{access}" for area in areas for access in ("read", "write")]
    application = await administering(server, acme, *scopes)
    access = await asked(by_mira, acme, role="admin", emergency=True)
    guest = Person(server.browser())
    await come_in(guest, await door(by_mira, acme, access))

    where = f"{acme.issuer}/admin/clients/new/machine"
    for scope, status in ((Scope.ROLES_WRITE, 400), (Scope.CLIENTS_READ, 400), ("read", 200)):
        await guest.visit(where)
        page = await guest.submit({"name": "Mine", "scopes": scope}, to="/new/machine")
        assert page.status_code == status, scope
    here = f"{acme.issuer}/admin/clients/{mighty.client.id}/secret"
    assert (await guest.visit(here)).status_code == 403
    await guest.visit(f"{acme.issuer}/admin/signing-keys")
    assert (await guest.submit({"key": "x"}, to="/import")).status_code == 403

    token = (await application.signed_in(guest, scope=" ".join(scopes)))["access_token"]
    as_guest = ApiClient(server.http, acme, token)
    draft = {"name": "Mine", "grant_types": ["client_credentials"], "scopes": [Scope.ROLES_WRITE]}
    assert is_problem(await as_guest.post("/clients", draft), 403, "beyond-own-scopes")
    renewed = await as_guest.post(f"/clients/{mighty.client.client_id}/secret", {})
    assert is_problem(renewed, 403, "beyond-own-scopes")
    assert is_problem(await as_guest.post("/signing-keys", {"key": "x"}), 403, "beyond-own-role")
    server_of_theirs = {"host": "mail.evil.example", "sender": "x@evil.example"}
    chosen = await as_guest.post("/mail-server", server_of_theirs)
    assert is_problem(chosen, 403, "beyond-own-role"), "they would read mail when they are gone"
    versions = (await as_guest.get("/settings/versions")).json()["items"]
    restored = await as_guest.post(f"/settings/versions/{versions[1]['id']}/restore", {})
    assert is_problem(restored, 422, "invalid")
    settings = {"trusted_issuers": {"https://idp.example": "https://idp.example/keys"}}
    foreseen = await as_guest.post("/settings/preview", {"settings": settings})
    assert is_problem(foreseen, 422, "invalid")
    assert foreseen.json()["errors"] == restored.json()["errors"]
    assert "trust no issuer" in restored.text


@on_sqlite
async def test_no_program_decides_who_is_let_in(
    server: RunningServer, by_mira: ApiClient, acme: Tenant
) -> None:
    access = await asked(by_mira, acme)
    program = await api_client(server, acme, Scope.ROLES_READ, Scope.ROLES_WRITE)
    where = f"/operator-accesses/{access['id']}"
    for verb in ("approve", "refuse"):
        assert is_problem(await program.post(f"{where}/{verb}"), 403, "beyond-own-role")
    assert (await program.post(f"{where}/end")).status_code == 200, "to end it is no harm"


@on_sqlite
@pytest.mark.parametrize("what", ["disabled", "without a role"])
async def test_a_guest_who_was_shut_out_is_not_back_by_another_door(
    server: RunningServer, by_mira: ApiClient, owned: Person, acme: Tenant, what: str
) -> None:
    access = await asked(by_mira, acme, emergency=True)
    await come_in(Person(server.browser()), await door(by_mira, acme, access))
    url = await door(by_mira, acme, access)
    with use_tenant(acme):
        if what == "disabled":
            await provisioning.disable_user("mira@operator", now=server.clock())
        else:
            [guest] = await UserRow.filter(guest_until__isnull=False)
            await provisioning.change_role(guest.id, UserRole.USER)
    assert await come_in(Person(server.browser()), url) == 404
    again = await by_mira.post(f"/tenants/{acme.id}/accesses/{access['id']}/entry")
    assert is_problem(again, 409, "conflict")
    assert "shut you out" in again.text


@on_postgres
async def test_of_what_an_operator_asks_for_at_once_one_is_asked_for(
    server: RunningServer, acme: Tenant
) -> None:
    wanted = Wanted(uuid7(), "mira", UserRole.AUDITOR, "Ticket 4711", timedelta(hours=1))
    stored = asyncio.Event()

    async def meanwhile() -> None:
        await stored.wait()
        await operator_accesses.ask(wanted, now=server.clock())

    with use_tenant(acme):
        second = asyncio.create_task(meanwhile())
        async with storage.transaction():
            await operator_accesses.ask(wanted, now=server.clock())
            stored.set()
            await asyncio.wait({second}, timeout=0.5)
        with pytest.raises(UnfitAccess):
            await second
