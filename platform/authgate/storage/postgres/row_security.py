"""The third wall: PostgreSQL shows a role the rows of one tenant, whatever the SQL says.

Three roles log in. The one that serves owns nothing and sees the tenant that the transaction
names. One appends tokens, device codes, audit events and what is used for any tenant and can read
none. One sees and deletes what has expired, and what is left of a tenant that is being erased.
Applied after every migration from the list of models, so a new table cannot be forgotten.
"""

from typing import NamedTuple

import asyncpg
from tortoise import Tortoise
from tortoise.models import Model

from authgate.storage import database
from authgate.storage.postgres.roles import Role, Roles
from authgate_tenants import TenantOwned
from authgate_tenants.models import (
    AnnouncementRow,
    PlanRow,
    TenantDeletion,
    TenantDomain,
    TenantRow,
)


class Change(NamedTuple):
    """What may change of a table's rows, once."""

    columns: str
    of: str
    """Which rows."""
    into: str
    """What they have to be then."""
    new: str
    """What rows have to be that are added."""


APPENDED = {
    # What comes in has no place in the log yet: whoever seals gives it one.
    "audit_events": "seq IS NULL",
    # Nobody's yet: who may only append approves nothing.
    "device_codes": "status = 'pending' AND user_id IS NULL",
    "tokens": "true",
    "usage_entries": "true",
}
"""Tables that the append role inserts into, and which rows it may."""

SWEPT = {
    "active_users": "expires_at < now()",
    "audit_exports": "expires_at < now()",
    "authorization_codes": "expires_at < now()",
    "authorization_requests": "expires_at < now()",
    "browser_sessions": "expires_at < now()",
    "clients": "expires_at < now()",
    "device_codes": "expires_at < now()",
    "initial_access_tokens": "expires_at < now()",
    "idempotent_requests": "expires_at < now()",
    "impersonations": "ends_at < now() - interval '90 days'",
    "invitations": "expires_at < now()",
    "login_failures": (
        "last_attempt_at < now() - interval '30 days'"
        " AND (locked_until IS NULL OR locked_until < now())"
    ),
    "kept_jobs": "expires_at < now()",
    "logout_deliveries": "expires_at < now()",
    "mailed_links": "expires_at < now()",
    "operator_accesses": "ends_at < now() - interval '90 days'",
    "mails": "expires_at < now()",
    "refresh_tokens": "ends_at < now()",
    "remembered_devices": "expires_at < now()",
    "scim_tokens": "expires_at < now()",
    "session_clients": "expires_at < now()",
    "sign_ups": "expires_at < now()",
    "spent_jtis": "expires_at < now()",
    "tenant_export_pieces": "expires_at < now()",
    "tenant_exports": "expires_at < now()",
    "tenant_import_pieces": "expires_at < now()",
    "tenant_imports": "expires_at < now()",
    "tokens": "expires_at < now()",
    "user_import_lines": "expires_at < now()",
    "user_imports": "expires_at < now()",
}
"""Tables that the sweep role deletes from, and which of their rows it sees."""

PENDING = {
    "account_deletions": "due_at <= now()",
    "audit_events": "true",
    "audit_exports": "state IN ('waiting', 'writing')",
    "audit_erasures": "true",
    "audit_feeds": "true",
    "audit_logs": "true",
    "audit_seals": "true",
    "domain_claims": "due_at <= now()",
    "kept_jobs": "true",
    "logout_deliveries": "status = 'pending'",
    "operator_accesses": "state IN ('asked', 'granted')",
    "mails": "status = 'pending'",
    "signing_keys": "state = 'active'",
    "tenant_exports": "state IN ('waiting', 'writing')",
    "user_imports": "state = 'working'",
    "usage_entries": "true",
    "usage_marks": "until < now() - interval '1 hour'",
    "usage_statements": "true",
}
"""Tables in which the sweep role also sees what somebody has yet to do."""

_SHOWN = {
    "impersonations": "(tenant_id, ends_at)",
    "account_deletions": "(tenant_id, due_at)",
    "audit_events": "(id, tenant_id, occurred_at, seq)",
    "audit_exports": "(tenant_id, state, touched_at, expires_at)",
    "audit_erasures": "(tenant_id, due_at, position, until)",
    "audit_logs": "(tenant_id, due_at)",
    "audit_seals": "(tenant_id, first_seq, last_seq, newest_at, removed_at, gone_at)",
    "audit_feeds": "(tenant_id, plugin, told_until, next_at, failures, slow, waiting_since)",
    "invitations": "(tenant_id, expires_at)",
    "kept_jobs": (
        "(tenant_id, id, name, state, attempts, error, created_at, touched_at, due_at, expires_at)"
    ),
    "mailed_links": "(tenant_id, expires_at)",
    "mails": "(tenant_id, status, created_at, next_attempt_at, expires_at)",
    "operator_accesses": "(tenant_id, state, asked_at, ends_at)",
    "sign_ups": "(tenant_id, expires_at)",
    "signing_keys": "(tenant_id, state, activated_at, rotates_at)",
    "tenant_export_pieces": "(tenant_id, expires_at)",
    "tenant_exports": "(tenant_id, state, touched_at, expires_at)",
    "tenant_import_pieces": "(tenant_id, expires_at)",
    "tenant_imports": "(tenant_id, expires_at)",
    "user_import_lines": "(tenant_id, expires_at)",
    "user_imports": "(tenant_id, state, touched_at, expires_at)",
    "usage_entries": "(id, tenant_id, day)",
    "usage_statements": "(tenant_id, month)",
}
"""Columns that are shown of it, where others are nothing for a role that looks across tenants."""

_INSTALLATIONS = ("periodic_jobs",)
"""Tables that are the installation's, by the name under which migrations know them."""

_ADD_ONLY = frozenset({"audit_events", "audit_seals", "signing_key_steps", "usage_statements"})

_OLD = "newest_at < now() - interval '30 days'"
_CHANGED = {
    "audit_seals": Change(
        columns="members, removed_at, gone_at",
        of=_OLD,
        into="removed_at IS NOT NULL",
        new="removed_at IS NULL AND gone_at IS NULL",
    ),
    "audit_events": Change(
        columns="seq, salt, commitment", of="seq IS NULL", into="seq IS NOT NULL", new="seq IS NULL"
    ),
}
"""What the serving role may change of rows that it only adds else: what waits for its seal is
sealed, and nothing that is sealed is other than it was; what is old may be given up."""

_GIVEN_UP = (
    "EXISTS (SELECT 1 FROM audit_seals s WHERE s.tenant_id = audit_events.tenant_id"  # noqa: S608
    f" AND seq BETWEEN s.first_seq AND s.last_seq AND s.removed_at IS NOT NULL AND s.{_OLD})"
)
_FORGOTTEN = (
    "EXISTS (SELECT 1 FROM audit_erasures e WHERE e.tenant_id = audit_events.tenant_id"
    " AND seq > e.position AND seq <= e.until)"
)
_EMPTIED = "actor_name, ip, user_agent, details, salt, erased_at"
_EMPTY = (
    "actor_name = '' AND ip = '' AND user_agent = '' AND details = '{}' AND salt IS NULL"
    " AND erased_at IS NOT NULL AND seq IS NOT NULL"
)

_TENANT = "NULLIF(current_setting('app.tenant', true), '')::uuid"
_OWN_ROWS = f"tenant_id = {_TENANT}"
_ERASED = f"(SELECT status FROM tenants WHERE id = {_TENANT}) = 'erasing'"  # noqa: S608 - our own names


class WallMissing(RuntimeError):
    """A table is not protected, the serving role could see past the protection, or the one that
    appends finds a door closed."""


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
    return sorted([*tenant_tables(), *(_table(each) for each in shared), *_INSTALLATIONS])


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
    for statement in _statements(names):
        await owner.execute(statement)


def _statements(role: dict[str, str]) -> list[str]:
    return [
        f"GRANT USAGE ON SCHEMA public TO {role['app']}, {role['append']}, {role['sweep']}",
        f"GRANT SELECT ON tortoise_migrations TO {role['app']}",
        *_door(_table(TenantRow), role),
        *_nameplates(_table(TenantDomain), role["app"]),
        *_departures(_table(TenantDeletion), role),
        *_price_list(_table(PlanRow), role["app"]),
        *_price_list(_table(AnnouncementRow), role["app"]),
        *(line for table in _INSTALLATIONS for line in _price_list(table, role["app"])),
        *(line for table in tenant_tables() for line in _wall(table, role["app"])),
        *(line for table in erased_tables() for line in _erasing_door(table, role["sweep"])),
        *(line for table, fit in APPENDED.items() for line in _append_door(table, fit, role)),
        *(line for table, seen in SWEPT.items() for line in _sweep_door(table, seen, role)),
        *(line for table, seen in PENDING.items() for line in _pending_door(table, seen, role)),
        *_log_door("audit_events", role["sweep"]),
    ]


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
        *([f"REVOKE SELECT ON {table} FROM {sweep}"] if table in _SHOWN else []),  # noqa: S608
        *_policy(table, "sweep_erases", f"TO {sweep} USING ({_OWN_ROWS} AND {_ERASED})"),
        f"GRANT SELECT (id, tenant_id), DELETE ON {table} TO {sweep}",
    ]


def _wall(table: str, app: str) -> list[str]:
    rights = "SELECT, INSERT" if table in _ADD_ONLY else "SELECT, INSERT, UPDATE, DELETE"
    return [
        *_enclosed(table, app, rights),
        *_policy(table, "tenant_isolation", f"TO {app} USING ({_OWN_ROWS})"),
        *(_change(table, _CHANGED[table], app) if table in _CHANGED else ()),
    ]


def _change(table: str, change: Change, app: str) -> list[str]:
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
        f"GRANT SELECT {_SHOWN.get(table, '')}, DELETE ON {table} TO {sweep}",
    ]


def _pending_door(table: str, seen: str, role: dict[str, str]) -> list[str]:
    sweep = role["sweep"]
    return [
        *_policy(table, "sweep_sees_pending", f"FOR SELECT TO {sweep} USING ({seen})"),
        f"GRANT SELECT {_SHOWN.get(table, '')} ON {table} TO {sweep}",
    ]


def _log_door(table: str, sweep: str) -> list[str]:
    # Nothing goes that was not given up before, and what is emptied becomes nothing else.
    return [
        *_policy(table, "sweep_removes_old", f"FOR DELETE TO {sweep} USING ({_GIVEN_UP})"),
        *_policy(
            table,
            "sweep_forgets",
            f"FOR UPDATE TO {sweep} USING ({_FORGOTTEN}) WITH CHECK ({_EMPTY})",
        ),
        f"GRANT UPDATE ({_EMPTIED}) ON {table} TO {sweep}",
    ]


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
