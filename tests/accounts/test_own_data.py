"""``/account/data``: what is kept of a person, in their hands, and gone once they have left."""

from datetime import timedelta

import orjson
from tortoise import Tortoise, connections

from authgate import background, provisioning
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.jobs import EraseAccounts
from authgate.permissions import UserRole
from authgate.storage.people import account_deletions, person_erasures
from authgate.storage.people.account_deletions import AccountDeletionRow
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"

KEEPS = {
    "audit_erasures",
    "active_users",
    "audit_events",
    "usage_entries",
    "clients",
    "person_erasures",
}
"""What names somebody who has left, until it ends: whom it counts, what they did, and whose an
application was that serves others; and, by the id alone, that they were erased."""


async def open_data(person: Person, tenant: Tenant) -> str:
    page = await person.visit(f"{tenant.issuer}/account/data")
    assert page.url.path.endswith("/account/data")
    return page.text


async def erase(server: RunningServer, tenant: Tenant) -> None:
    """Let the job look, as if the time of the server's clock had gone by."""
    with use_tenant(tenant):
        # PostgreSQL shows whose time has come by a clock of its own.
        due = AccountDeletionRow.filter(due_at__lte=server.clock())
        await due.update(due_at=utc_now() - timedelta(seconds=1))
    await background.performer(server.parts).perform(EraseAccounts(), tenant_id=None)


async def named(tenant: Tenant, *marks: str) -> set[str]:
    """Tables with a row of the tenant in which one of these stands."""
    found = set()
    with use_tenant(tenant):
        for model in Tortoise.apps["models"].values():
            table = model._meta.db_table
            if "tenant_id" not in model._meta.fields_map:
                continue
            rows = await connections.get("default").execute_query_dict(f'SELECT * FROM "{table}"')  # noqa: S608
            if any(mark in str(row) for row in rows for mark in marks):
                found.add(table)
    return found


async def test_people_take_along_what_is_kept_of_them_and_no_secret(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    person: Person,
    colleague: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    await console.signed_in(person, scope="openid offline_access")
    await open_data(person, acme)
    answer = await person.submit({}, to="/data/file")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    told = orjson.loads(answer.content)
    [own] = told["users"]
    assert (own["username"], own["email"]) == ("alice", "alice@acme.example")
    for table in ("browser_sessions", "refresh_tokens", "consents", "audit_events"):
        assert told[table], table
    assert not any("hash" in name or "sealed" in name or "key" in name for name in _columns(told))
    assert "carol" not in answer.text
    assert len(await ledger.events(acme, Event.USER_DATA_TAKEN)) == 1
    for status in (200, 200, 200, 200, 429):
        await open_data(person, acme)
        assert (await person.submit({}, to="/data/file")).status_code == status
    server.clock.advance(16 * 60)
    await open_data(person, acme)
    assert (await person.submit({}, to="/data/file")).url.path.endswith("/login")


def _columns(told: dict[str, object]) -> set[str]:
    tables = [rows for rows in told.values() if isinstance(rows, list)]
    return {name for rows in tables for row in rows for name in row}


async def test_who_leaves_may_think_better_of_it_and_is_gone_everywhere_afterwards(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    alice: User,
    bob: User,
    person: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    await console.signed_in(person, scope="openid offline_access")
    await open_data(person, acme)
    page = await person.submit({}, to="/data/leave")
    assert "Your account is going to be deleted" in page.text
    with use_tenant(acme):
        due_at = await account_deletions.due_at(alice.id)
    assert due_at is not None
    assert timedelta(days=13) < due_at - server.clock() < timedelta(days=14, seconds=1)
    page = await person.submit({}, to="/data/stay")
    assert "Your account stays." in page.text
    server.clock.advance(15 * 86_400)
    await erase(server, acme)
    page = await person.sign_in(acme.issuer, "alice", PASSWORD)
    assert page.url.path.endswith("/account/sessions"), "nothing has happened"

    await open_data(person, acme)
    await person.submit({}, to="/data/leave")
    server.clock.advance(13 * 86_400)
    await erase(server, acme)
    page = await person.sign_in(acme.issuer, "alice", PASSWORD)
    assert page.url.path.endswith("/account/sessions"), "until then they sign in as ever"
    server.clock.advance(86_400 + 1)
    await erase(server, acme)
    page = await person.visit(f"{acme.issuer}/account/data")
    assert page.url.path.endswith("/login")
    assert (await person.sign_in(acme.issuer, "alice", PASSWORD)).status_code == 400
    left = await named(acme, str(alice.id), "alice")
    assert left - KEEPS == {"mails"}, "but for the mail that says so"
    with use_tenant(globex):
        assert await UserRow.filter(id=bob.id).exists()
    [event] = await ledger.events(acme, Event.USER_DELETED)
    assert event.actor_type == "system"
    with use_tenant(acme):
        noted = await person_erasures.of_user(alice.id)
    assert noted is not None
    assert noted.removed_at is not None
    assert noted.requested_by == f"user:{alice.id}", "by herself, two weeks before"
    assert noted.removed_at - noted.requested_at > timedelta(days=13)


@on_sqlite
async def test_the_last_owner_stays_and_where_a_tenant_wants_it_everybody(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER)
    await open_data(person, acme)
    page = await person.submit({}, to="/data/leave")
    assert (page.status_code, "make somebody an owner first" in page.text) == (400, True)
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: before.changed({"account_deletion": False})
    )
    assert (await person.submit({}, to="/data/leave")).status_code == 404
    assert "data/leave" not in await open_data(person, acme)


@on_sqlite
async def test_who_became_the_last_owner_meanwhile_stays(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    await open_data(person, acme)
    await person.submit({}, to="/data/leave")
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER)
    server.clock.advance(15 * 86_400)
    await erase(server, acme)
    with use_tenant(acme):
        assert await UserRow.filter(id=alice.id).exists()
        assert await account_deletions.due_at(alice.id) is None
    [event] = await ledger.events(acme, Event.USER_DELETION_WITHDRAWN)
    assert "last owner" in event.details["reason"]


@on_sqlite
async def test_leaving_asks_for_a_recent_sign_in(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    await open_data(person, acme)
    server.clock.advance(16 * 60)
    assert (await person.submit({}, to="/data/leave")).url.path.endswith("/login")
    with use_tenant(acme):
        assert await account_deletions.due_at(alice.id) is None


@on_sqlite
async def test_one_leaver_who_cannot_be_removed_keeps_nobody_else(
    server: RunningServer, acme: Tenant, alice: User, carol: User
) -> None:
    now = server.clock()
    with use_tenant(acme):
        for user in (carol, alice):
            await account_deletions.ask(user.id, due_at=now, now=now)
            now -= timedelta(seconds=1)
        # What is removed with her is refused by the database.
        line = connections.get("default")
        await line.execute_script(
            f"CREATE TRIGGER stays BEFORE DELETE ON users WHEN old.id = '{alice.id}'"
            " BEGIN SELECT RAISE(ABORT, 'stays'); END"
        )
        await erase(server, acme)
        assert not await UserRow.filter(id=carol.id).exists()
        assert await account_deletions.due_at(alice.id) is not None
        await line.execute_script("DROP TRIGGER stays")
        await erase(server, acme)
        assert not await UserRow.filter(id=alice.id).exists()
