"""All operations of the operator API."""

from authgate.operator import (
    accesses,
    announcements,
    deletions,
    plans,
    sign_up_invitations,
    system,
    tenants,
    usage,
)

OPERATIONS = [
    *tenants.OPERATIONS,
    *plans.OPERATIONS,
    *usage.OPERATIONS,
    *deletions.OPERATIONS,
    *sign_up_invitations.OPERATIONS,
    *accesses.OPERATIONS,
    *announcements.OPERATIONS,
    *system.OPERATIONS,
]
