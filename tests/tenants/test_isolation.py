"""A tenant sees its own rows, whatever is asked: the walls, each tried by itself.

On SQLite the ORM is the wall; on PostgreSQL the database is one more, and the tests that go round
the ORM run there.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import product
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from authgate import storage
from authgate.clock import utc_now
from authgate.settings import DatabaseSettings
from authgate.storage import connection as storage_connection
from authgate.storage import database
from authgate.storage.batches.lookups import Lookup
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.rows import ClientRow
from authgate.storage.database import dsn
from authgate.storage.grants import device_codes
from authgate.storage.issued.tokens import Token, TokenCategory
from authgate.storage.people import users
from authgate.storage.people.users import User, UserRow
from authgate.storage.postgres import row_security
from authgate.storage.postgres.roles import Role, Roles
from authgate_tenants import (
    CrossTenant,
    NoTenant,
    Plan,
    Tenant,
    TenantSettings,
    TenantStatus,
    announcements,
    plans,
    use_tenant,
)
from authgate_tenants.announcements import UnknownAnnouncement
from authgate_tenants.models import PlanRow, TenantDomain, TenantRow
from authgate_tenants.scope import _current
from authgate_testing import PostgresServer, forgetful
from authgate_testing.device import asked
from authgate_testing.tenants import create_tenant

USERS = 5


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Tenants with the same things in them."""

    acme: Tenant
    globex: Tenant
    initech: Tenant

    def __iter__(self) -> Iterator[Tenant]:
        return iter((self.acme, self.globex, self.initech))


async def _moved_in(slug: str) -> Tenant:
    row = await create_tenant(slug=slug, name=slug.title())
    tenant = Tenant(
        id=row.id,
        slug=slug,
        name=row.name,
        status=TenantStatus.ACTIVE,
        issuer=f"http://localhost:8080/t/{slug}",
        prefix=f"/t/{slug}",
        settings=TenantSettings(),
    )
    with use_tenant(tenant):
        await clients.create(
            ClientDraft(
                name="CLI",
                client_id="cli",
                grant_types=["x"],
                scopes=["read"],
                public=True,
            ),
        )
        for number in range(USERS):
            await users.create(username=f"user{number}")
    return tenant


@pytest.fixture
async def neighbours(database: DatabaseSettings) -> Neighbours:
    """Three tenants on each database."""
    return Neighbours(*[await _moved_in(slug) for slug in ("acme", "globex", "initech")])


@pytest.fixture
async def walled(
    postgres_settings_of_own: DatabaseSettings,
) -> AsyncIterator[Neighbours]:
    """Three tenants on PostgreSQL, which has the third wall."""
    async with storage.opened(postgres_settings_of_own):
        yield Neighbours(*[await _moved_in(slug) for slug in ("acme", "globex", "initech")])


def connection() -> BaseDBAsyncClient:
    open_one: BaseDBAsyncClient = connections.get("default")
    return open_one


async def a_user(tenant: Tenant, name: str = "user1") -> User:
    with use_tenant(tenant):
        found = await users.find_by_login(name)
    assert found is not None
    return found


async def a_row(tenant: Tenant) -> UserRow:
    with use_tenant(tenant):
        return await UserRow.get(canonical_username="user1")


# The second wall: the ORM, on both databases.


async def test_the_orm_shows_each_tenant_its_own_rows(neighbours: Neighbours) -> None:
    for tenant in neighbours:
        with use_tenant(tenant):
            rows = await UserRow.all()
        assert len(rows) == USERS
        assert {row.tenant_id for row in rows} == {tenant.id}


async def test_a_query_outside_of_any_tenant_raises(neighbours: Neighbours) -> None:
    for query in (UserRow.all, UserRow.filter, UserRow.first, ClientRow.all):
        with pytest.raises(NoTenant):
            await query()


async def test_a_row_made_outside_of_any_tenant_raises(neighbours: Neighbours) -> None:
    with pytest.raises(NoTenant):
        UserRow(username="nobody", canonical_username="nobody")


async def test_a_scope_does_not_change_into_anothers(neighbours: Neighbours) -> None:
    with use_tenant(neighbours.acme), pytest.raises(CrossTenant), use_tenant(neighbours.globex):
        pass


async def test_the_same_names_live_side_by_side(neighbours: Neighbours) -> None:
    ids = [(await a_user(tenant)).id for tenant in neighbours]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("act", ["save", "delete", "refresh_from_db"])
async def test_a_row_of_another_tenant_is_not_written_or_read(
    neighbours: Neighbours, act: str
) -> None:
    foreign = await a_row(neighbours.acme)
    foreign.name = "taken over"
    with use_tenant(neighbours.globex), pytest.raises(CrossTenant):
        await getattr(foreign, act)()
    assert (await a_user(neighbours.acme)).name == ""


async def test_a_row_cannot_be_moved_into_another_tenant(neighbours: Neighbours) -> None:
    own = await a_row(neighbours.acme)
    with use_tenant(neighbours.acme):
        own.tenant_id = neighbours.globex.id
        with pytest.raises(CrossTenant):
            await own.save()


async def test_updates_and_deletes_reach_only_the_tenants_rows(neighbours: Neighbours) -> None:
    with use_tenant(neighbours.acme):
        assert await UserRow.all().update(name="renamed") == USERS
        assert await ClientRow.all().delete() == 1
    with use_tenant(neighbours.globex):
        assert await UserRow.filter(name="renamed").count() == 0
        assert await ClientRow.all().count() == 1


async def test_a_lookup_by_key_finds_only_the_tenants_own(neighbours: Neighbours) -> None:
    now = utc_now()
    with use_tenant(neighbours.acme):
        codes = await device_codes.issue(asked("cli", now))
        assert await device_codes.poll(codes.device_code) is not None
    with use_tenant(neighbours.globex):
        assert await device_codes.poll(codes.device_code) is None
        assert await device_codes.find_pending(codes.user_code, now=now) is None


# The third wall: row-level security, for whatever goes round the ORM.


@pytest.mark.parametrize("table", ["users", "clients", "tenant_data_keys", "audit_events"])
async def test_ti_09_plain_sql_without_a_filter_sees_only_the_tenants_rows(
    walled: Neighbours, table: str
) -> None:
    for tenant in walled:
        with use_tenant(tenant):
            rows = await connection().execute_query_dict(
                f"SELECT DISTINCT tenant_id FROM {table}"  # noqa: S608
            )
        assert [row["tenant_id"] for row in rows] in ([tenant.id], [])


async def test_ti_09_a_query_set_that_goes_round_the_manager_sees_only_the_tenants_rows(
    walled: Neighbours,
) -> None:
    for tenant in walled:
        with use_tenant(tenant):
            rows = await QuerySet(UserRow).filter(canonical_username="user1")
        assert [row.tenant_id for row in rows] == [tenant.id]


async def test_ti_10_without_a_tenant_plain_sql_sees_and_deletes_nothing(
    walled: Neighbours,
) -> None:
    rows = await connection().execute_query_dict("SELECT count(*) AS n FROM users")
    assert rows[0]["n"] == 0
    deleted, _ = await connection().execute_query("DELETE FROM users")
    assert deleted == 0
    with use_tenant(walled.acme):
        assert await UserRow.all().count() == USERS


async def test_ti_06_a_row_for_another_tenant_is_refused_by_the_database(
    walled: Neighbours,
) -> None:
    statement = (
        "INSERT INTO users (id, tenant_id, username, canonical_username, email_verified,"
        " name, picture, status, role, created_at, updated_at)"
        " VALUES ($1, $2, 'm', 'm', false, '', '', 'active', 'user', now(), now())"
    )
    with use_tenant(walled.acme), pytest.raises(OperationalError, match="row-level security"):
        await connection().execute_insert(statement, [uuid4(), walled.globex.id])


async def test_ti_06_a_row_is_not_moved_to_another_tenant_by_the_database(
    walled: Neighbours,
) -> None:
    with use_tenant(walled.acme), pytest.raises(OperationalError, match="row-level security"):
        await connection().execute_query("UPDATE users SET tenant_id = $1", [walled.globex.id])


async def test_ti_02_a_reference_to_another_tenants_row_is_refused_by_the_database(
    walled: Neighbours,
) -> None:
    foreign = await a_user(walled.acme)
    now = utc_now()
    for user_id in (foreign.id, uuid4()):
        with use_tenant(walled.globex), pytest.raises(IntegrityError):
            await Token.create(
                category=TokenCategory.ACCESS,
                token_hash=b"x",
                client_id="cli",
                user_id=user_id,
                scope="",
                grant_type="x",
                created_at=now,
                expires_at=now,
            )


async def test_ti_06_a_tenants_own_row_and_hosts_are_no_other_tenants_to_change(
    walled: Neighbours,
) -> None:
    suspend = "UPDATE tenants SET status = 'suspended' WHERE slug = 'globex'"
    for scope in (use_tenant(walled.acme), nullcontext()):
        with scope:
            changed, _ = await connection().execute_query(suspend)
            assert changed == 0
            with pytest.raises(OperationalError, match="row-level security"):
                await TenantDomain.create(tenant_id=walled.globex.id, host="globex.example")
    with use_tenant(walled.globex):
        changed, _ = await connection().execute_query(suspend)
        assert changed == 1
        await TenantDomain.create(tenant_id=walled.globex.id, host="globex.example")
        with pytest.raises(OperationalError, match="permission denied"):
            await TenantDomain.all().update(verified_at=utc_now())
    assert (await TenantDomain.get(host="globex.example")).verified_at is None
    for scope in (use_tenant(walled.acme), nullcontext()):
        with scope:
            assert await TenantDomain.all().delete() == 0
    with use_tenant(walled.globex):
        assert await TenantDomain.all().delete() == 1


async def test_no_tenant_tells_all_the_others_something(walled: Neighbours) -> None:
    now = utc_now()
    until = now + timedelta(hours=1)
    tell = partial(announcements.make, urgent=False, begins_at=now, ends_at=until, now=now)
    made = await tell("Nobody can sign in on Sunday.")
    with use_tenant(walled.acme):
        with pytest.raises(OperationalError, match="row-level security"):
            await tell("Send us your passwords.")
        with pytest.raises(UnknownAnnouncement):
            await announcements.end(made.id)
        assert [each.id for each in await announcements.shown(now)] == [made.id]


async def test_no_tenant_writes_a_plan(walled: Neighbours) -> None:
    await plans.put(Plan("team", clients=3))
    with use_tenant(walled.acme):
        with pytest.raises(OperationalError, match="row-level security"):
            await plans.put(Plan("own", clients=9))
        await PlanRow.all().update(choices={})
        assert await PlanRow.all().delete() == 0
        assert (await plans.find("team")).clients == 3
    await plans.put(Plan("team", clients=4))
    assert (await plans.find("team")).clients == 4


async def test_a_scope_that_changes_under_an_open_transaction_is_refused(
    walled: Neighbours,
) -> None:
    with use_tenant(walled.acme):
        async with in_transaction():
            token = _current.set(walled.globex)
            try:
                with pytest.raises(CrossTenant):
                    await QuerySet(UserRow).count()
                with pytest.raises(CrossTenant):
                    async with in_transaction():
                        pass
            finally:
                _current.reset(token)


async def test_ti_09_what_is_looked_up_for_many_tenants_at_once_is_each_ones_own(
    walled: Neighbours,
) -> None:
    async def seen(tenant: Tenant) -> set[UUID]:
        with use_tenant(tenant):
            found = await storage_connection.find_all(forgetful.BY_USERNAME, "user1")
        return {row["tenant_id"] for row in found}

    asking = [*walled] * 10
    assert await asyncio.gather(*map(seen, asking)) == [{tenant.id} for tenant in asking]


async def test_ti_09_a_lookup_is_inside_of_its_tenant_however_it_is_planned_and_nothing_after_it(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings
) -> None:
    app = await asyncpg.connect(dsn(postgres_settings_of_own.url.get_secret_value()))
    lookup = forgetful.BY_USERNAME
    honest = Lookup(lookup.table, lookup.key, lookup.columns)
    try:
        avoiding = ("nothing", "nestloop", "hashjoin", "seqscan", "indexscan", "material")
        for avoided, planned in product(avoiding, ("force_custom_plan", "force_generic_plan")):
            await app.execute(f"RESET ALL; SET plan_cache_mode = {planned}")
            if avoided != "nothing":
                await app.execute(f"SET enable_{avoided} = off")
            for tenant, each in product(walled, (lookup, honest)):
                found = await app.fetch(each.postgres(), ["user1"], str(tenant.id))
                assert [row["tenant_id"] for row in found] == [tenant.id], (avoided, planned)
                assert await app.fetchval("SELECT current_setting('app.tenant', true)") == ""
                assert await app.fetchval("SELECT count(*) FROM users") == 0
    finally:
        await app.close()


async def test_the_tenant_ends_with_its_transaction(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings
) -> None:
    app = await asyncpg.connect(dsn(postgres_settings_of_own.url.get_secret_value()))
    try:
        asked = "SELECT current_setting('app.tenant', true)"
        assert await app.fetchval(asked) is None
        async with app.transaction():
            await app.execute("SELECT set_config('app.tenant', $1, true)", str(walled.acme.id))
            assert await app.fetchval("SELECT count(*) FROM users") == USERS
        assert await app.fetchval(asked) == ""
        assert await app.fetchval("SELECT count(*) FROM users") == 0
    finally:
        await app.close()


async def test_a_task_that_outlives_its_transaction_is_not_given_anothers(
    walled: Neighbours,
) -> None:
    ended = asyncio.Event()

    async def latecomer() -> object:
        await ended.wait()
        return await UserRow.all().count()

    with use_tenant(walled.acme):
        async with in_transaction():
            late = asyncio.create_task(latecomer())
        ended.set()
        with pytest.raises(asyncpg.InterfaceError):
            await late


# The roles.


@pytest.fixture
async def appender(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings
) -> AsyncIterator[asyncpg.Connection]:
    """Connected as the role that appends."""
    connected = await asyncpg.connect(dsn(database.append_url(postgres_settings_of_own)))
    yield connected
    await connected.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM tokens",
        "SELECT 1 FROM device_codes",
        "SELECT 1 FROM audit_events",
        "SELECT 1 FROM users",
        "SELECT 1 FROM tenants",
        "UPDATE tokens SET status = 'revoked'",
        "UPDATE device_codes SET status = 'approved'",
        "DELETE FROM audit_events",
        "TRUNCATE tokens",
        "INSERT INTO users (id) VALUES (gen_random_uuid())",
        "SET ROLE authgate_app",
    ],
)
async def test_the_appending_role_can_add_rows_to_three_tables_and_nothing_else(
    appender: asyncpg.Connection, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await appender.execute(statement)


async def test_the_appending_role_adds_no_device_code_that_somebody_approved(
    appender: asyncpg.Connection, walled: Neighbours
) -> None:
    alice = await a_user(walled.acme)
    add = (
        "INSERT INTO device_codes (id, tenant_id, device_code_hash, user_code_hash, client_id,"
        " scope, status, poll_interval, ip, user_agent, created_at, expires_at, user_id)"
        " VALUES ($1, $2, $3, $3, 'cli', '', $4, 5, '', '', now(), now(), $5)"
    )
    for status, user_id in (("approved", alice.id), ("approved", None), ("pending", alice.id)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await appender.execute(add, uuid4(), walled.acme.id, b"x", status, user_id)
    await appender.execute(add, uuid4(), walled.acme.id, b"x", "pending", None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor_id = 'somebody else'",
        "DELETE FROM audit_events",
        "UPDATE signing_key_steps SET state = 'active'",
        "DELETE FROM signing_key_steps",
        "TRUNCATE users",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_isolation ON users",
        "SET ROLE authgate_owner",
        "DELETE FROM tenants",
        "CREATE TABLE own (id int)",
    ],
)
async def test_the_serving_role_cannot_change_history_or_walls(
    walled: Neighbours, statement: str
) -> None:
    with use_tenant(walled.acme), pytest.raises((OperationalError, asyncpg.PostgresError)):
        await connection().execute_query(statement)


async def test_the_sweeping_role_removes_a_tenant_only_while_that_is_being_erased(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings
) -> None:
    sweeper = await asyncpg.connect(dsn(database.sweep_url(postgres_settings_of_own)))
    tables = ("audit_events", "tenant_data_keys", "users")
    try:
        for status in (*TenantStatus, None):
            if status is not None:
                with use_tenant(walled.globex):
                    await TenantRow.filter(id=walled.globex.id).update(status=status)
            own = walled.acme if status is None else walled.globex
            async with sweeper.transaction():
                await sweeper.execute("SELECT set_config('app.tenant', $1, true)", str(own.id))
                gone = [await sweeper.execute(f"DELETE FROM {table}") for table in tables]  # noqa: S608
                last = await sweeper.execute("DELETE FROM tenants")
            if status is TenantStatus.ERASING:
                assert gone[-1] == f"DELETE {USERS}"
                assert last == "DELETE 1"
            else:
                assert {*gone, last} == {"DELETE 0"}
    finally:
        await sweeper.close()


async def test_the_sweeping_role_sees_only_what_has_expired(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings
) -> None:
    now = utc_now()
    for tenant in walled:
        with use_tenant(tenant):
            for minutes in (-5, 5):
                await Token.create(
                    category=TokenCategory.ACCESS,
                    token_hash=b"x",
                    client_id="cli",
                    scope="",
                    grant_type="x",
                    created_at=now,
                    expires_at=now + timedelta(minutes=minutes),
                )
    sweeper = await asyncpg.connect(dsn(database.sweep_url(postgres_settings_of_own)))
    try:
        assert await sweeper.fetchval("SELECT count(*) FROM tokens") == 3
        assert await sweeper.execute("DELETE FROM tokens") == "DELETE 3"
        for statement in ("SELECT username FROM users", "UPDATE tokens SET status = 'active'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await sweeper.execute(statement)
    finally:
        await sweeper.close()


async def test_the_sweeping_role_sees_when_things_are_over_and_not_what_they_say(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings
) -> None:
    sweeper = await asyncpg.connect(dsn(database.sweep_url(postgres_settings_of_own)))
    try:
        for table, seen, unseen in (
            ("mails", "status, next_attempt_at", ("recipient", "sealed", "last_error")),
            ("operator_accesses", "state, ends_at", ("reason", "operator_name", "entry_hash")),
            ("sign_ups", "expires_at", ("email", "token_hash")),
            ("invitations", "expires_at", ("email", "token_hash")),
        ):
            await sweeper.execute(f"SELECT tenant_id, {seen} FROM {table}")  # noqa: S608
            for column in unseen:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await sweeper.execute(f"SELECT {column} FROM {table}")  # noqa: S608
    finally:
        await sweeper.close()


async def test_every_tenants_table_is_protected(walled: Neighbours) -> None:
    tables = set(row_security.protected_tables())
    assert {"users", "clients", "tokens", "signing_keys", "audit_events"} <= tables
    assert {"tenants", "tenant_domains"} <= tables
    rows = await connection().execute_query_dict(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind = 'r'"
        " AND relrowsecurity AND relforcerowsecurity"
    )
    assert {row["relname"] for row in rows} == tables


async def test_every_unique_key_of_a_tenants_table_begins_with_the_tenant(
    walled: Neighbours,
) -> None:
    rows = await connection().execute_query_dict(
        "SELECT t.relname AS table, pg_get_indexdef(i.indexrelid) AS definition"
        " FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
        " WHERE i.indisunique AND NOT i.indisprimary"
    )
    of_tenants = [row for row in rows if row["table"] in row_security.tenant_tables()]
    assert of_tenants
    for row in of_tenants:
        assert "(tenant_id" in row["definition"], row["definition"]


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("ALTER TABLE users NO FORCE ROW LEVEL SECURITY", "users"),
        ("DROP POLICY tenant_isolation ON clients", "clients"),
        ("ALTER TABLE tokens DISABLE ROW LEVEL SECURITY", "tokens"),
        ("ALTER TABLE tenants DISABLE ROW LEVEL SECURITY", "tenants"),
        ("DROP POLICY tenant_isolation ON tenant_domains", "tenant_domains"),
        ("REVOKE INSERT ON device_codes FROM authgate_app_append", "add to device_codes"),
    ],
)
async def test_a_hole_in_the_wall_is_noticed(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings, fault: str, cure: str
) -> None:
    owner = await asyncpg.connect(dsn(database.owner_url(postgres_settings_of_own)))
    app = await asyncpg.connect(dsn(postgres_settings_of_own.url.get_secret_value()))
    try:
        roles = Roles.of(postgres_settings_of_own)
        await row_security.check(app, roles)
        await owner.execute(fault)
        with pytest.raises(row_security.WallMissing, match=cure):
            await row_security.check(app, roles)
        with pytest.raises(row_security.WallMissing, match="owns"):
            await row_security.check(owner, roles)
    finally:
        await owner.close()
        await app.close()


@pytest.mark.parametrize("which", ["app", "append", "sweep"])
async def test_a_role_that_may_act_as_the_owner_or_sees_past_the_walls_is_refused(
    walled: Neighbours,
    postgres: PostgresServer,
    postgres_settings_of_own: DatabaseSettings,
    which: str,
) -> None:
    mighty = f"mighty_{uuid4().hex}"
    own = Roles.of(postgres_settings_of_own)
    roles = replace(own, **{which: Role(mighty, "")})
    database_name = urlsplit(postgres_settings_of_own.url.get_secret_value()).path.lstrip("/")
    for right in ("IN ROLE authgate_owner", "BYPASSRLS", "SUPERUSER"):
        postgres.execute(f"CREATE ROLE {mighty} LOGIN NOINHERIT {right}")
        app = await asyncpg.connect(postgres.dsn(database_name, user=roles.app.name))
        try:
            with pytest.raises(row_security.WallMissing, match=mighty):
                await row_security.check(app, roles)
        finally:
            await app.close()
            postgres.execute(f"DROP ROLE {mighty}")


async def test_settings_as_the_owner_are_refused_as_serving_role(
    walled: Neighbours, postgres_settings_of_own: DatabaseSettings
) -> None:
    owner = database.owner_url(postgres_settings_of_own)
    settings = postgres_settings_of_own.model_copy(update={"url": SecretStr(owner)})
    connected = await asyncpg.connect(dsn(settings.url.get_secret_value()))
    try:
        with pytest.raises(row_security.WallMissing):
            await row_security.check(connected, Roles.of(settings))
    finally:
        await connected.close()
