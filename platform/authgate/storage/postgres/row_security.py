"""The third wall: PostgreSQL shows a role the rows of one tenant, whatever the SQL says.

Three roles log in. The one that serves owns nothing and sees the tenant that the transaction
names. One appends tokens, device codes, audit events and what is used for any tenant and can read
none. One sees and deletes what has expired, and what is left of a tenant that is being erased.
Applied after every migration from the list of models, so a new table cannot be forgotten. Servers
may serve meanwhile: each table's walls are put up in one transaction, so nobody sees it without.
"""

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final

import asyncpg
from tortoise import Tortoise
from tortoise.models import Model

from authgate.storage import database
from authgate.storage.postgres import policies
from authgate.storage.postgres.policies import APPENDED, PENDING, SHOWN, SWEPT
from authgate.storage.postgres.roles import Role, Roles
from authgate_tenants import TenantOwned
from authgate_tenants.models import (
    AnnouncementRow,
    PlanRow,
    TenantDeletion,
    TenantDomain,
    TenantRow,
)

_TENANT = "NULLIF(current_setting('app.tenant', true), '')::uuid"
_OWN_ROWS = f"tenant_id = {_TENANT}"
_ERASED = f"(SELECT status FROM tenants WHERE id = {_TENANT}) = 'erasing'"  # noqa: S608 - our own names


_LOCK_SECONDS: Final = 0.5
"""How long a table waits for those who are in it: all that come after wait, too."""
_PAUSES: Final = (0.1, 0.2, 0.5, *(1.0,) * 30)
"""Between two tries, in which the others go on."""


class WallMissing(RuntimeError):
    """A table is not protected, the serving role could see past the protection, or the one that
    appends finds a door closed."""


class WallBusy(RuntimeError):
    """A table was never free to have its walls put up; told by its name."""


class MightyRole(WallMissing):
    """A role that serves could see past the protection."""


def tenant_tables() -> list[str]:
    """Every table whose rows belong to tenants."""
    models: dict[str, type[Model]] = Tortoise.apps[database.APP_LABEL]
    return sorted(_table(model) for model in models.values() if issubclass(model, TenantOwned))


def protected_tables() -> list[str]:
    """Those, and the tables by which a tenant is found: all read them, each writes its own row, and
    nobody in a tenant writes a plan."""
    shared = (TenantRow, TenantDomain, TenantDeletion, PlanRow, AnnouncementRow)
    return sorted([*tenant_tables(), *(_table(each) for each in shared), *policies.INSTALLATIONS])


def erased_tables() -> list[str]:
    """Every table of which a deleted tenant leaves nothing: all whose rows name their tenant, but
    that of the deletions."""
    models: dict[str, type[Model]] = Tortoise.apps[database.APP_LABEL]
    return sorted(
        _table(model)
        for model in models.values()
        if _names_tenant(model) and model is not TenantDeletion
    )


def _names_tenant(model: type[Model]) -> bool:
    return "tenant_id" in model._meta.fields_map  # noqa: SLF001  # Tortoise offers no other way


def _table(model: type[Model]) -> str:
    return model._meta.db_table  # noqa: SLF001  # as above


async def apply(owner: asyncpg.Connection, roles: Roles, *, statement_seconds: float) -> None:
    """Make the roles, protect every tenant's table and grant each role what it needs."""
    await roles.make(owner, statement_seconds=statement_seconds)
    names = {
        role: await owner.fetchval("SELECT quote_ident($1)", getattr(roles, role).name)
        for role in ("app", "append", "sweep")
    }
    for table, statements in _walls(names):
        await _put_up(owner, table, statements)


async def _put_up(owner: asyncpg.Connection, table: str, statements: Sequence[str]) -> None:
    """Put up the walls of a table at once: whoever reads it sees those before or these."""
    brief = f"SET LOCAL lock_timeout = {int(_LOCK_SECONDS * 1000)}"
    for pause in (*_PAUSES, None):
        try:
            async with owner.transaction():
                await owner.execute(";\n".join((brief, *statements)))
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if pause is None:
                raise WallBusy(table) from error
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        else:
            return


def _walls(role: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """What each table needs, of all who come to it."""
    shared = [_table(each) for each in (TenantRow, TenantDomain, TenantDeletion)]
    prices = [*map(_table, (PlanRow, AnnouncementRow)), *policies.INSTALLATIONS]
    every = {
        shared[0]: _door(shared[0], role),
        shared[1]: _nameplates(shared[1], role["app"]),
        shared[2]: _departures(shared[2], role),
        **{table: _price_list(table, role["app"]) for table in prices},
        **{table: _wall(table, role["app"]) for table in tenant_tables()},
    }
    yield (
        "tortoise_migrations",
        [
            f"GRANT USAGE ON SCHEMA public TO {role['app']}, {role['append']}, {role['sweep']}",
            f"GRANT SELECT ON tortoise_migrations TO {role['app']}",
        ],
    )
    erased = set(erased_tables())
    for table, wall in every.items():
        doors = itertools.chain(
            _erasing_door(table, role["sweep"]) if table in erased else (),
            _append_door(table, APPENDED[table], role) if table in APPENDED else (),
            _sweep_door(table, SWEPT[table], role) if table in SWEPT else (),
            _pending_door(table, PENDING[table], role) if table in PENDING else (),
            _log_door(table, role["sweep"]) if table == "audit_events" else (),
            _fold_door(table, role["sweep"]) if table == "audit_seals" else (),
        )
        yield table, [*wall, *doors]


def _door(table: str, role: dict[str, str]) -> list[str]:
    # A tenant is looked up, and begins, before there is a scope.
    app, sweep = role["app"], role["sweep"]
    return [
        *_enclosed(table, app, "SELECT, INSERT, UPDATE"),
        *_policy(table, "anybody_reads", f"FOR SELECT TO {app} USING (true)"),
        *_policy(table, "anybody_begins", f"FOR INSERT TO {app} WITH CHECK (true)"),
        *_policy(table, "tenant_isolation", f"FOR UPDATE TO {app} USING (id = {_TENANT})"),
        *_policy(table, "sweep_sees_status", f"FOR SELECT TO {sweep} USING (true)"),
        *_policy(
            table,
            "sweep_removes_erased",
            f"FOR DELETE TO {sweep} USING (id = {_TENANT} AND status = 'erasing')",
        ),
        f"GRANT SELECT (id, status, created_at), DELETE ON {table} TO {sweep}",
    ]


def _nameplates(table: str, app: str) -> list[str]:
    # Put up and taken down, each by its own tenant; never changed: who may make a proof of
    # ownership could otherwise make one of another's host.
    return [
        *_enclosed(table, app, "SELECT, INSERT, DELETE"),
        *_policy(table, "anybody_reads", f"FOR SELECT TO {app} USING (true)"),
        *_policy(table, "tenant_isolation", f"FOR INSERT TO {app} WITH CHECK ({_OWN_ROWS})"),
        *_policy(table, "tenant_removal", f"FOR DELETE TO {app} USING ({_OWN_ROWS})"),
    ]


def _departures(table: str, role: dict[str, str]) -> list[str]:
    # What is left of a tenant is written by who removes it, and by nobody once that is done.
    app, sweep = role["app"], role["sweep"]
    waiting = f"{_OWN_ROWS} AND state = 'waiting'"
    erasing = f"{_OWN_ROWS} AND state = 'erasing'"
    return [
        *_enclosed(table, app, "SELECT, INSERT"),
        f"GRANT UPDATE (state, shredded_at, ended_at, shredded, removed) ON {table} TO {app}",
        *_policy(table, "anybody_reads", f"FOR SELECT TO {app} USING (true)"),
        *_policy(table, "tenant_isolation", f"FOR INSERT TO {app} WITH CHECK ({waiting})"),
        *_policy(
            table,
            "tenant_decides",
            f"FOR UPDATE TO {app} USING ({waiting}) WITH CHECK ({_OWN_ROWS})",
        ),
        *_policy(table, "sweep_sees_erasing", f"FOR SELECT TO {sweep} USING ({_OWN_ROWS})"),
        *_policy(
            table,
            "sweep_ends_erasing",
            f"FOR UPDATE TO {sweep} USING ({erasing}) WITH CHECK ({_OWN_ROWS})",
        ),
        f"GRANT SELECT, UPDATE (state, ended_at, removed, certificate) ON {table} TO {sweep}",
    ]


def _price_list(table: str, app: str) -> list[str]:
    # Changed by nobody who is inside of a tenant: it would be another plan for all the others too.
    outside = f"({_TENANT}) IS NULL"
    return [
        *_enclosed(table, app, "SELECT, INSERT, UPDATE, DELETE"),
        *_policy(table, "anybody_reads", f"FOR SELECT TO {app} USING (true)"),
        *_policy(table, "installation_adds", f"FOR INSERT TO {app} WITH CHECK ({outside})"),
        *_policy(table, "tenant_isolation", f"FOR UPDATE TO {app} USING ({outside})"),
        *_policy(table, "installation_removes", f"FOR DELETE TO {app} USING ({outside})"),
    ]


def _erasing_door(table: str, sweep: str) -> list[str]:
    # A right to the whole table, which it may have had, would outlive that to its columns.
    return [
        *([f"REVOKE SELECT ON {table} FROM {sweep}"] if table in SHOWN else []),  # noqa: S608
        *_policy(table, "sweep_erases", f"TO {sweep} USING ({_OWN_ROWS} AND {_ERASED})"),
        f"GRANT SELECT (id, tenant_id), DELETE ON {table} TO {sweep}",
    ]


def _wall(table: str, app: str) -> list[str]:
    rights = "SELECT, INSERT" if table in policies.ADD_ONLY else "SELECT, INSERT, UPDATE, DELETE"
    return [
        *_enclosed(table, app, rights),
        *_policy(table, "tenant_isolation", f"TO {app} USING ({_OWN_ROWS})"),
        *(_change(table, policies.CHANGED[table], app) if table in policies.CHANGED else ()),
    ]


def _change(table: str, change: policies.Change, app: str) -> list[str]:
    return [
        f"GRANT UPDATE ({change.columns}) ON {table} TO {app}",
        *_policy(
            table,
            "changes_once",
            f"AS RESTRICTIVE FOR UPDATE TO {app} USING ({change.of}) WITH CHECK ({change.into})",
        ),
        *_policy(
            table,
            "begins_unchanged",
            f"AS RESTRICTIVE FOR INSERT TO {app} WITH CHECK ({change.new})",
        ),
    ]


def _enclosed(table: str, app: str, rights: str) -> list[str]:
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"REVOKE ALL ON {table} FROM {app}",
        f"GRANT {rights} ON {table} TO {app}",
    ]


def _append_door(table: str, fit: str, role: dict[str, str]) -> list[str]:
    append = role["append"]
    return [
        *_policy(table, "append_only", f"FOR INSERT TO {append} WITH CHECK ({fit})"),
        f"GRANT INSERT ON {table} TO {append}",
    ]


def _sweep_door(table: str, seen: str, role: dict[str, str]) -> list[str]:
    sweep = role["sweep"]
    return [
        *_policy(table, "sweep_sees_expired", f"FOR SELECT TO {sweep} USING ({seen})"),
        *_policy(table, "sweep_deletes_expired", f"FOR DELETE TO {sweep} USING ({seen})"),
        f"GRANT SELECT {SHOWN.get(table, '')}, DELETE ON {table} TO {sweep}",
    ]


def _pending_door(table: str, seen: str, role: dict[str, str]) -> list[str]:
    sweep = role["sweep"]
    return [
        *_policy(table, "sweep_sees_pending", f"FOR SELECT TO {sweep} USING ({seen})"),
        f"GRANT SELECT {SHOWN.get(table, '')} ON {table} TO {sweep}",
    ]


def _log_door(table: str, sweep: str) -> list[str]:
    # Nothing goes that was not given up before, and what is emptied becomes nothing else.
    return [
        *_policy(table, "sweep_removes_old", f"FOR DELETE TO {sweep} USING ({policies.GIVEN_UP})"),
        *_policy(
            table,
            "sweep_forgets",
            f"FOR UPDATE TO {sweep} USING ({policies.FORGOTTEN}) WITH CHECK ({policies.EMPTY})",
        ),
        f"GRANT UPDATE ({policies.EMPTIED}) ON {table} TO {sweep}",
    ]


def _fold_door(table: str, sweep: str) -> list[str]:
    folded = f"{_OWN_ROWS} AND {policies.FOLDED}"
    return _policy(table, "sweep_removes_folded", f"FOR DELETE TO {sweep} USING ({folded})")


def _policy(table: str, name: str, rule: str) -> list[str]:
    return [f"DROP POLICY IF EXISTS {name} ON {table}", f"CREATE POLICY {name} ON {table} {rule}"]


async def check(app: asyncpg.Connection, roles: Roles) -> None:
    """Refuse a database whose walls have a hole. Raises ``WallMissing`` and ``MightyRole``."""
    await _check_roles(app, roles)
    protected = {
        row["relname"]
        for row in await app.fetch(
            "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
            " WHERE p.polname = 'tenant_isolation'"
            " AND c.relrowsecurity AND c.relforcerowsecurity"
        )
    }
    bare = [table for table in protected_tables() if table not in protected]
    if bare:
        raise WallMissing(f"No row-level security on {', '.join(bare)}: run authgate migrate.")
    await _check_doors(app, roles.append)


async def _check_doors(app: asyncpg.Connection, append: Role) -> None:
    # A version that appends to one table more needs no other shape of the database.
    closed = await app.fetchval(
        "SELECT string_agg(name, ', ') FROM pg_roles r, unnest($2::text[]) name"
        " WHERE rolname = $1 AND NOT has_table_privilege(r.oid, name, 'INSERT')",
        append.name,
        list(APPENDED),
    )
    if closed:
        raise WallMissing(f"{append.name} may not add to {closed}: run authgate migrate.")


async def _check_roles(app: asyncpg.Connection, roles: Roles) -> None:
    # Whoever owns a table is a member of its owner as well.
    mighty = await app.fetchval(
        "SELECT string_agg(rolname, ', ' ORDER BY rolname) FROM pg_roles r"
        " WHERE (rolname = current_user OR rolname = ANY($1::text[]))"
        " AND (rolsuper OR rolbypassrls OR EXISTS ("
        "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
        " AND pg_has_role(r.oid, tableowner, 'MEMBER')))",
        [roles.append.name, roles.sweep.name],
    )
    if mighty:
        raise MightyRole(
            f"{mighty}: the role is a superuser, may bypass row-level security, or owns tables or"
            " may act as their owner: use the roles that authgate migrate makes."
        )
