"""All operations of the operator API."""

from authgate.operator import (
    accesses,
    announcements,
    deletions,
    health,
    imports,
    overview,
    plans,
    sign_up_invitations,
    system,
    tenants,
    usage,
    usage_statements,
)

OPERATIONS = [
    *tenants.OPERATIONS,
    *plans.OPERATIONS,
    *health.OPERATIONS,
    *overview.OPERATIONS,
    *usage.OPERATIONS,
    *usage_statements.OPERATIONS,
    *deletions.OPERATIONS,
    *imports.OPERATIONS,
    *sign_up_invitations.OPERATIONS,
    *accesses.OPERATIONS,
    *announcements.OPERATIONS,
    *system.OPERATIONS,
]
