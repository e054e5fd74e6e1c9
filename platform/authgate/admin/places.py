"""Where the admin API is: below each tenant's issuer."""

from authgate.tokens import audiences

ROOT = "/api"
"""Everything below it is the API's, whatever its version."""

BASE = audiences.ADMIN_API
REFERENCE = f"{BASE}/docs"
