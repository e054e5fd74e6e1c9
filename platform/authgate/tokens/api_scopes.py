"""What the scopes of AuthGate's own APIs have in common."""

from enum import StrEnum

from authgate import permissions
from authgate.permissions import Permission

ADMIN_PREFIX = "authgate:"
"""Begins every scope of the admin API, and no other one."""

OPERATOR_PREFIX = "operator:"
"""Begins every scope of the operator API, at the operators' tenant. Others give it a meaning of
their own."""

OWN_PREFIXES = (ADMIN_PREFIX, OPERATOR_PREFIX)
"""What no other scope begins with, or may mean something else."""


class ApiScope(StrEnum):
    """A scope of one of them, named after the permission that it opens."""

    @property
    def permission(self) -> Permission:
        """What a person needs besides."""
        return permissions.named(self.removeprefix(ADMIN_PREFIX))
