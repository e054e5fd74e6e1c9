"""Where the API is: below each tenant's issuer."""

from authgate.tokens import audiences

ROOT = "/api"
"""Everything below it is the API's, whatever its version."""

BASE = audiences.ADMIN_API
DOCUMENT = f"{BASE}/openapi.json"
REFERENCE = f"{BASE}/docs"

EXAMPLE_ISSUER = "https://auth.example.com/t/acme"
"""Stands for the tenant in the copy that is kept with the documentation."""
