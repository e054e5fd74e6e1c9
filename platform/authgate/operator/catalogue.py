"""All operations of the operator API."""

from authgate.operator import deletions, sign_up_invitations, system, tenants

OPERATIONS = [
    *tenants.OPERATIONS,
    *deletions.OPERATIONS,
    *sign_up_invitations.OPERATIONS,
    *system.OPERATIONS,
]
