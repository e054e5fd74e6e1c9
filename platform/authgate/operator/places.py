"""Where the operators' doors are: below the issuer of their tenant."""

from authgate.tokens import audiences
from authgate_tenants import current_tenant

ROOT = BASE = audiences.OPERATOR_API
"""Of the API. What is beside it, below ``CONSOLE``, are pages."""

CONSOLE = "/operator"
REFERENCE = f"{BASE}/docs"


def is_hidden(path: str) -> bool:
    """Whether a path below the issuer of the tenant in scope is the operators', who are not its
    people: there is nothing."""
    is_theirs = path == CONSOLE or path.startswith(f"{CONSOLE}/")
    return is_theirs and not current_tenant().operates
