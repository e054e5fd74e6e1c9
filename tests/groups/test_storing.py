"""Groups as they are kept: who belongs to which, on either database."""

import asyncio
from uuid import UUID, uuid4

import pytest

from authgate import provisioning, storage
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.provisioning import UnfitGroup, UnknownGroup
from authgate.provisioning import groups as provisioned
from authgate.settings import DatabaseSettings
from authgate.storage.paging import Order
from authgate.storage.people import directory, group_members, groups, users
from authgate.storage.people.group_members import GroupMemberRow
from authgate.storage.people.groups import Group, GroupDraft, GroupTaken
from authgate.storage.people.users import User
from authgate.storage.tenants.quotas import QuotaReached
from authgate_tenants import Plan, Tenant, use_tenant
from authgate_testing.databases import on_postgres
from authgate_testing.ledger import Ledger
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

STAFF = GroupDraft("Staff", "ext-1", "Everybody who works here", ["books:read"])


async def _joined(group: Group, *people: User) -> set[UUID]:
    return await provisioning.add_members(group.id, [each.id for each in people], now=utc_now())


async def test_a_group_is_begun_changed_and_removed_and_the_log_says_from_what_to_what(
    server: RunningServer, acme: Tenant, ledger: Ledger
) -> None:
    with use_tenant(acme):
        staff = await provisioning.add_group(STAFF)
        for draft in (
            GroupDraft(" sTAFF "),
            GroupDraft("Others", external_id="ext-1"),
        ):
            with pytest.raises(GroupTaken):
                await provisioning.add_group(draft)
        others = await provisioning.add_group(GroupDraft("Others"))
        with pytest.raises(GroupTaken):
            await provisioning.change_group(server.parts, others.id, GroupDraft("Staff"))
        renamed = STAFF._replace(display_name="Crew")
        for _ in range(2):
            crew = await provisioning.change_group(server.parts, staff.id, renamed)
            assert crew == await groups.find(staff.id)
            assert crew.display_name == "Crew"
        [found] = (await groups.page("CREW", Order.of("canonical_name"))).rows
        assert (found.id, found.external_id) == (staff.id, "ext-1")
        assert (await groups.page("Staff", Order.of("canonical_name"))).rows == []
        await provisioning.delete_group(staff.id)
        with pytest.raises(UnknownGroup):
            await provisioning.delete_group(staff.id)
        with pytest.raises(UnknownGroup):
            await provisioning.change_group(server.parts, staff.id, STAFF)
        left = (await groups.page("", Order.of("canonical_name"))).rows
    assert [each.display_name for each in left] == ["Others"]
    told = [
        (event.event_type, event.details)
        for event in await ledger.events(acme)
        if event.resource_id == str(staff.id)
    ]
    said = STAFF._asdict()
    assert told == [
        (Event.GROUP_CREATED, said),
        (
            Event.GROUP_UPDATED,
            {"was": {"display_name": "Staff"}, "is": {"display_name": "Crew"}},
        ),
        (Event.GROUP_DELETED, {"was": said | {"display_name": "Crew"}, "members": 0}),
    ]


async def test_whoever_is_added_belongs_once_and_nobody_of_elsewhere_does(
    server: RunningServer, acme: Tenant, globex: Tenant, ledger: Ledger
) -> None:
    with use_tenant(globex):
        stranger = await users.create(username="stranger")
        theirs = await groups.create(GroupDraft("Staff"))
    with use_tenant(acme):
        ada, bob = [await users.create(username=each) for each in ("ada", "bob")]
        until = server.clock()
        guest = await users.invite(
            None, username="mira@ops", name="", role=UserRole.AUDITOR, until=until
        )
        staff = await provisioning.add_group(STAFF)
        begun = staff.updated_at
        wanted = [ada.id, stranger.id, guest, uuid4()]
        assert await provisioning.add_members(staff.id, wanted, now=utc_now()) == {ada.id}
        assert await _joined(staff, ada, bob) == {bob.id}
        assert [each.id for each in (await group_members.page(staff.id)).rows] == [ada.id, bob.id]
        first = await group_members.page(staff.id, limit=1)
        then = await group_members.page(staff.id, limit=1, cursor=first.next)
        assert (first.rows, then.rows, then.next) == ([ada], [bob], None)
        assert await group_members.counts([staff.id, uuid4()]) == {staff.id: 2}
        assert await group_members.among(staff.id, wanted) == {ada.id}
        assert [each.name for each in await group_members.memberships(ada.id)] == ["Staff"]
        [own] = await group_members.groups_of(ada.id, most=9)
        assert (own.id, own.updated_at > begun) == (staff.id, True)
        with pytest.raises(UnknownGroup):
            await _joined(theirs, ada)
        gone = await provisioning.remove_members(staff.id, [ada.id, stranger.id], now=utc_now())
        assert gone == {ada.id}
        assert await group_members.memberships(ada.id) == []
        assert await group_members.ids(staff.id, most=9) == [bob.id]
    with use_tenant(globex):
        with pytest.raises(UnknownGroup):
            await provisioning.remove_members(staff.id, [bob.id], now=utc_now())
        assert await group_members.memberships(bob.id) == []
    changed = [
        (each.event_type, each.details["members"])
        for each in await ledger.events(acme)
        if "members" in each.details
    ]
    assert changed == [
        (Event.GROUP_MEMBERS_ADDED, [str(ada.id)]),
        (Event.GROUP_MEMBERS_ADDED, [str(bob.id)]),
        (Event.GROUP_MEMBERS_REMOVED, [str(ada.id)]),
    ]


async def test_groups_and_who_belongs_to_them_are_as_many_as_may_be(
    server: RunningServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provisioning.put_plan(server.parts, Plan("tried", groups=3))
    await provisioning.give_plan(server.parts, acme, "tried")
    planned = await server.parts.resolver.find("acme")
    assert planned is not None
    with use_tenant(planned):
        people = [await users.create(username=f"p{each}") for each in range(4)]

        async def begun(number: int) -> Group | None:
            try:
                return await provisioning.add_group(GroupDraft(f"G{number}"))
            except QuotaReached:
                return None

        made = [each for each in await asyncio.gather(*map(begun, range(5))) if each]
        assert len(made) == 3
        monkeypatch.setattr(provisioned, "MOST_MEMBERS", 2)
        added = await asyncio.gather(
            *(_joined(made[0], each) for each in people), return_exceptions=True
        )
        refused = [each for each in added if isinstance(each, provisioning.TooManyMembers)]
        assert len(refused) == 2
        assert await group_members.count(made[0].id) == 2
        monkeypatch.setattr(provisioned, "MOST_GROUPS_OF_USER", 1)
        inside = await users.held((await group_members.ids(made[0].id, most=1))[0])
        assert inside is not None
        async with storage.transaction():
            # Whoever goes on after a refusal has changed nothing by it.
            with pytest.raises(provisioning.TooManyMembers):
                await _joined(made[1], inside)
        assert await group_members.count(made[1].id) == 0
        many = [uuid4() for _ in range(group_members.MOST_AT_ONCE + 1)]
        with pytest.raises(provisioning.TooManyMembers):
            await provisioning.add_members(made[1].id, many, now=utc_now())
    assert provisioned.faults(GroupDraft("\u200b", "", "\n", ["a b"])).keys() == {
        "display_name",
        "external_id",
        "description",
        "roles",
    }
    for draft in (GroupDraft("x" * 201), GroupDraft("x", roles=["a", "a"])):
        with pytest.raises(UnfitGroup):
            provisioned.check(draft)


_NOBODY = "00000000-0000-0000-0000-000000000000"
_PERSON = "00000000-0000-0000-0000-000000000001"
_MANY = (  # of groups and people that there need not be for a plan
    "ALTER TABLE group_members DISABLE TRIGGER ALL",
    "INSERT INTO group_members (id, tenant_id, group_id, user_id, created_at)"  # noqa: S608
    f" SELECT gen_random_uuid(), '{_NOBODY}',"
    " ('00000000-0000-0000-0001-' || lpad((n % 100)::text, 12, '0'))::uuid,"
    " ('00000000-0000-0000-0000-' || lpad((n / 10)::text, 12, '0'))::uuid, now()"
    " FROM generate_series(1, 20000) AS n",
    "ALTER TABLE group_members ENABLE TRIGGER ALL",
    "ANALYZE group_members",
)


@on_postgres
def test_the_groups_of_a_person_and_the_people_of_a_group_are_found_by_indexes(
    postgres: PostgresServer, database_settings: DatabaseSettings
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    postgres.execute(*_MANY, database=name)
    group = "00000000-0000-0000-0001-000000000007"
    for condition in (
        f"user_id = '{_PERSON}'",
        f"group_id = '{group}' ORDER BY id LIMIT 51",
        f"group_id = '{group}' AND user_id = '{_PERSON}'",
    ):
        which = f"tenant_id = '{_NOBODY}' AND {condition}"
        question = f"EXPLAIN SELECT * FROM group_members WHERE {which}"  # noqa: S608
        plan = "\n".join(postgres.execute(question, database=name))
        assert "Seq Scan" not in plan, plan


async def test_nobody_who_is_gone_belongs_to_a_group(acme: Tenant) -> None:
    with use_tenant(acme):
        ada = await users.create(username="ada")
        staff = await groups.create(STAFF)
        await group_members.add(staff.id, [ada.id], now=utc_now())
        async with storage.transaction():
            assert await directory.remove(ada.id)
        assert await GroupMemberRow.all().count() == 0
