"""Which rows of which tables each role adds, sees, changes and deletes: what the third wall grants.

``row_security`` says so to PostgreSQL.
"""

from typing import NamedTuple


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
    "alerts": "expires_at < now()",
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
    "usage_hours": "expires_at < now()",
    "user_import_lines": "expires_at < now()",
    "user_imports": "expires_at < now()",
    "webhook_deliveries": "expires_at < now() AND status <> 'pending'",
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
    "usage_days": "client_id = ''",
    "usage_entries": "true",
    "usage_marks": "until < now() - interval '1 hour'",
    "usage_statements": "true",
    "webhook_deliveries": "true",
    "webhook_endpoints": "true",
}
"""Tables in which the sweep role also sees what somebody has yet to do."""

SHOWN = {
    "impersonations": "(tenant_id, ends_at)",
    "account_deletions": "(tenant_id, due_at)",
    "audit_events": "(id, tenant_id, occurred_at, seq)",
    "audit_exports": "(tenant_id, state, touched_at, expires_at)",
    "audit_erasures": "(tenant_id, due_at, position, until)",
    "alerts": "(tenant_id, expires_at)",
    "audit_logs": "(tenant_id, due_at, verify_at, alerted_seq, alerted_at)",
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
    "usage_days": "(tenant_id, measure, client_id, day, total)",
    "usage_entries": "(id, tenant_id, day)",
    "usage_hours": "(tenant_id, expires_at)",
    "usage_statements": "(tenant_id, month)",
    "webhook_deliveries": (
        "(tenant_id, endpoint_id, status, created_at, next_attempt_at, expires_at)"
    ),
    "webhook_endpoints": (
        "(tenant_id, enabled, seq, looked_at, failures, not_before, slow, paused_at, created_at)"
    ),
}
"""Columns that are shown of it, where others are nothing for a role that looks across tenants."""

INSTALLATIONS = ("installation_days", "periodic_jobs")
"""Tables that are the installation's, by the name under which migrations know them."""

ADD_ONLY = frozenset({"audit_events", "audit_seals", "signing_key_steps", "usage_statements"})
"""Tables whose rows the serving role neither changes nor removes."""

_OLD = "newest_at < now() - interval '30 days'"
CHANGED = {
    "audit_seals": Change(
        columns="members, removed_at, gone_at, folded, fold_signature, fold_signer",
        of=_OLD,
        into="removed_at IS NOT NULL",
        new="removed_at IS NULL AND gone_at IS NULL AND folded IS NULL",
    ),
    "audit_events": Change(
        columns="seq, salt, commitment", of="seq IS NULL", into="seq IS NOT NULL", new="seq IS NULL"
    ),
}
"""What the serving role may change of rows that it only adds else: what waits for its seal is
sealed, and nothing that is sealed is other than it was; what is old may be given up."""

GIVEN_UP = (
    "EXISTS (SELECT 1 FROM audit_seals s WHERE s.tenant_id = audit_events.tenant_id"  # noqa: S608
    " AND seq BETWEEN s.first_seq AND s.last_seq AND s.removed_at IS NOT NULL"
    f" AND s.gone_at IS NULL AND s.{_OLD})"
)
"""Which events may go: those of a part that was given up, and is not gone yet. Of seals whose
events are gone there is no end, and each would be read for each event."""

FOLDED = f"gone_at IS NOT NULL AND {_OLD}"
"""Which seals may go, once one behind them stands for them."""

FORGOTTEN = (
    "EXISTS (SELECT 1 FROM audit_erasures e WHERE e.tenant_id = audit_events.tenant_id"
    " AND seq > e.position AND seq <= e.until)"
)
"""Which events an erasure has still to empty."""

EMPTIED = "actor_name, ip, user_agent, details, salt, erased_at"
"""What is taken of them."""

EMPTY = (
    "actor_name = '' AND ip = '' AND user_agent = '' AND details = '{}' AND salt IS NULL"
    " AND erased_at IS NOT NULL AND seq IS NOT NULL"
)
"""What they have to be then."""
