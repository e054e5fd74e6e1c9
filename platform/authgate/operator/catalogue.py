"""All operations of the operator API."""

from authgate.operator import deletions, system, tenants

OPERATIONS = [*tenants.OPERATIONS, *deletions.OPERATIONS, *system.OPERATIONS]
