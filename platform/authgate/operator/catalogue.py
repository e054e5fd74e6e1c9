"""All operations of the operator API."""

from authgate.operator import deletions, plans, sign_up_invitations, system, tenants

OPERATIONS = [
    *tenants.OPERATIONS,
    *plans.OPERATIONS,
    *deletions.OPERATIONS,
    *sign_up_invitations.OPERATIONS,
    *system.OPERATIONS,
]
