"""What somebody at a tenant should look at, and how much there is of what counts now.

All of it is one statement. Of each kind so many rows are counted at the most, however many there
are. They are found by an index of the tenant's; of clients, browsers and tokens it has no moment
of an end: where few are left of many, the others are looked at as well.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from tortoise import connections

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate_tenants import current_tenant

MOST: Final = 100
"""Of what needs attention, as many are counted."""

MOST_THERE: Final = 1000
"""The same of what is there now."""

SOON: Final = timedelta(days=14)
"""What ends within so long is told of."""

LATELY: Final = timedelta(days=7)
"""What has failed before this is told of no more."""

LATE: Final = timedelta(minutes=5)
"""Nothing that is done beside requests lies so far behind where all is well."""


class Matter(StrEnum):
    """What needs attention."""

    CLIENTS_WAITING = "clients_waiting"
    """Clients that wait for approval."""
    CLIENTS_UNSEEN = "clients_unseen"
    """Clients that are served, and at which nobody has looked."""
    SECRETS_ENDING = "secrets_ending"
    """Secrets of clients that end within two weeks, or have ended."""
    SCIM_TOKENS_ENDING = "scim_tokens_ending"
    """Tokens of directories that end within two weeks."""
    KEYS_OVERDUE = "keys_overdue"
    """Signing keys that should have been replaced a day ago."""
    HOSTS_UNPROVEN = "hosts_unproven"
    """Hosts that the tenant says are its own, and has not proven or no longer proves."""
    PLUGINS_BEHIND = "plugins_behind"
    """Plugins that could not be told of what happened, for five minutes or longer."""
    WEBHOOKS_PAUSED = "webhooks_paused"
    """Webhooks that are left alone since they took nothing for days."""
    EXPORTS_FAILED = "exports_failed"
    """Files of all of the tenant that were given up within a week."""
    LOG_FILES_FAILED = "log_files_failed"
    """Files of the log that were given up within a week."""
    JOBS_GIVEN_UP = "jobs_given_up"
    MAILS_FAILED = "mails_failed"
    """Mails that were given up within a week."""
    PEOPLE_LEAVING = "people_leaving"
    """People who have asked that their account be deleted."""
    OPERATORS_ASKING = "operators_asking"
    """Operators of the installation who ask to come in."""
    LOG_UNSEALED = "log_unsealed"
    """Events that have waited for their seal for five minutes or longer."""


class Stock(StrEnum):
    """What there is now."""

    USERS = "users"
    """People who may sign in."""
    SESSIONS = "sessions"
    """Browsers in which people are signed in."""
    TOKENS = "tokens"
    """Access tokens that work."""


class Standing(NamedTuple):
    """How a tenant stands at a moment."""

    matters: Mapping[Matter, int]
    """Those there are, each ``MOST`` at the most."""
    stocks: Mapping[Stock, int]
    """One more than ``MOST_THERE`` where there are more."""


_CLIENTS: Final = "clients WHERE tenant_id = {tenant} AND status = "
_FAILED: Final = "tenant_id = {tenant} AND state = 'failed' AND touched_at > {lately}"
_HOSTS: Final = (
    "domain_claims c WHERE c.tenant_id = {tenant} AND (c.missing_since IS NOT NULL"
    " OR NOT EXISTS (SELECT 1 FROM tenant_domains d WHERE d.host = c.host"
    " AND d.tenant_id = c.tenant_id))"
)
_MATTERS: Final[Mapping[Matter, str]] = {
    Matter.CLIENTS_WAITING: f"{_CLIENTS}'pending'",
    Matter.CLIENTS_UNSEEN: f"{_CLIENTS}'active' AND unseen",
    Matter.SECRETS_ENDING: f"{_CLIENTS}'active' AND secret_expires_at < {{soon}}",
    Matter.SCIM_TOKENS_ENDING: (
        "scim_tokens WHERE tenant_id = {tenant} AND expires_at > {now} AND expires_at < {soon}"
    ),
    Matter.KEYS_OVERDUE: (
        "signing_keys WHERE tenant_id = {tenant} AND state = 'active' AND rotates_at < {yesterday}"
    ),
    Matter.HOSTS_UNPROVEN: _HOSTS,
    Matter.PLUGINS_BEHIND: (
        "audit_feeds WHERE tenant_id = {tenant} AND failures > 0 AND waiting_since < {late}"
    ),
    Matter.WEBHOOKS_PAUSED: (
        "webhook_endpoints WHERE tenant_id = {tenant} AND enabled AND paused_at IS NOT NULL"
    ),
    Matter.EXPORTS_FAILED: f"tenant_exports WHERE {_FAILED}",
    Matter.LOG_FILES_FAILED: f"audit_exports WHERE {_FAILED}",
    Matter.JOBS_GIVEN_UP: "kept_jobs WHERE tenant_id = {tenant} AND state = 'failed'",
    Matter.MAILS_FAILED: (
        "mails WHERE tenant_id = {tenant} AND status = 'failed' AND created_at > {lately}"
    ),
    Matter.PEOPLE_LEAVING: "account_deletions WHERE tenant_id = {tenant}",
    Matter.OPERATORS_ASKING: (
        "operator_accesses WHERE tenant_id = {tenant} AND state = 'asked' AND ends_at > {now}"
    ),
    # By the ids, which begin with the moment, for these alone are in the index of what waits.
    Matter.LOG_UNSEALED: (
        "audit_events WHERE tenant_id = {tenant} AND seq IS NULL AND id < {late_id}"
    ),
}
_STOCKS: Final[Mapping[Stock, str]] = {
    Stock.USERS: ("users WHERE tenant_id = {tenant} AND status = 'active' AND guest_until IS NULL"),
    Stock.SESSIONS: (
        "browser_sessions WHERE tenant_id = {tenant} AND ended_at IS NULL"
        " AND idle_expires_at > {now} AND expires_at > {now}"
    ),
    Stock.TOKENS: (
        "tokens WHERE tenant_id = {tenant} AND status = 'active' AND expires_at > {now}"
    ),
}
_PLACES: Final = ("tenant", "now", "soon", "lately", "late", "yesterday", "late_id")


def _statement(mark: str) -> str:
    counted = [(f"matter {name}", found, MOST) for name, found in _MATTERS.items()]
    counted += [(f"stock {name}", found, MOST_THERE + 1) for name, found in _STOCKS.items()]
    parts = [
        f"SELECT '{name}' AS name, COUNT(*) AS total"  # noqa: S608 - our own names
        f" FROM (SELECT 1 AS one FROM {found} LIMIT {most}) AS part_{number}"
        for number, (name, found, most) in enumerate(counted)
    ]
    marks = {name: f"{mark}{number}" for number, name in enumerate(_PLACES, 1)}
    return " UNION ALL ".join(parts).format(**marks)


_STATEMENTS: Final = {"postgres": _statement("$"), "sqlite": _statement("?")}


async def standing(now: datetime) -> Standing:
    """How the current tenant stands."""
    dialect = connection.dialect()
    moments = (now, now + SOON, now - LATELY, now - LATE, now - timedelta(days=1))
    values: list[Any] = encoded((current_tenant().id, *moments, _first_id(now - LATE)), dialect)
    rows = await connections.get("default").execute_query_dict(_STATEMENTS[dialect], values)
    found = {row["name"]: int(row["total"]) for row in rows}
    matters = {each: found[f"matter {each}"] for each in Matter}
    return Standing(
        matters={each: total for each, total in matters.items() if total},
        stocks={each: found[f"stock {each}"] for each in Stock},
    )


def _first_id(moment: datetime) -> UUID:
    """Before every id that was made from this moment on (RFC 9562 section 5.7)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
