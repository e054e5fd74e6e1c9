"""Where the operators' doors are: below the issuer of their tenant."""

from authgate.tokens import audiences

ROOT = BASE = audiences.OPERATOR_API
"""Of the API. What is beside it, below ``CONSOLE``, are pages."""

CONSOLE = "/operator"
REFERENCE = f"{BASE}/docs"
