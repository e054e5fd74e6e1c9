"""What an API is: where it lies below an issuer, what can be asked of it, and by which scopes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authgate.api.operations import Operation
from authgate.permissions import Permission
from authgate.tokens.api_scopes import ApiScope
from authgate_tenants import Tenant

EXAMPLE_ISSUER = "https://auth.example.com/t/acme"
"""Stands for the tenant in what is kept with the documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An API. Everything of it is served from this."""

    name: str
    """What its calls are counted as."""

    root: str
    """Everything below it is the API's, whatever its version."""

    base: str
    """Where this version is."""

    title: str
    summary: str
    introduction: str
    """For whoever begins to use it."""

    operations: Sequence[Operation]
    meanings: Mapping[ApiScope, str]
    """What each of its scopes lets its holder do."""

    path_parameters: Mapping[str, Mapping[str, Any]]
    """By name, as OpenAPI has them."""

    least: Permission
    """What a person needs to be anybody here."""

    audiences: Callable[[Tenant], Sequence[str]]
    """Whom tokens for it name: one of these."""

    is_at: Callable[[Tenant], bool] = lambda _tenant: True
    """Whether a tenant has it at all."""

    @property
    def document(self) -> str:
        """Where it is described for programs."""
        return f"{self.base}/openapi.json"

    @property
    def reference(self) -> str:
        """Where it is described for people."""
        return f"{self.base}/docs"

    def holds(self, path: str) -> bool:
        """Whether a path below a tenant is the API's own, where there is one."""
        return path == self.root or path.startswith(f"{self.root}/")
