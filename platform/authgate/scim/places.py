"""Where SCIM is: below each tenant's issuer."""

from authgate.tokens.audiences import SCIM
from authgate_tenants import current_tenant

ROOT = "/scim"
"""Everything below it is SCIM's, whatever its version."""

BASE = SCIM
"""Where version 2 is (RFC 7644 section 3.13)."""


def url(*parts: str) -> str:
    """The address of something at the current tenant."""
    return "/".join((f"{current_tenant().issuer}{BASE}", *parts))
