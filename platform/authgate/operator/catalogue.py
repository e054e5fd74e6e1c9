"""All operations of the operator API."""

from authgate.operator import system, tenants

OPERATIONS = [*tenants.OPERATIONS, *system.OPERATIONS]
