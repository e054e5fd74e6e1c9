"""Whom access tokens are for (RFC 9068 section 2.2)."""

from collections.abc import Iterable, Mapping, Sequence

from authgate.storage.clients.rows import Client
from authgate.tokens.api_scopes import OWN_PREFIXES
from authgate.tokens.scopes import is_admin, is_operator
from authgate_tenants import Tenant, current_tenant

ADMIN_API = "/api/v1"
"""Where the admin API is, below the issuer."""

SCIM = "/scim/v2"
"""Where SCIM is, below the issuer; its tokens are those of the admin API."""

OPERATOR_API = "/operator/v1"
"""Where the operator API is, below the issuer of the operators' tenant."""


def of(tenant: Tenant, client: Client, scope: Iterable[str]) -> str | list[str]:
    """``aud`` of a client's token with this scope.

    One of AuthGate's own APIs where it has a scope of it; else what the client has, or the tenant,
    or the issuer where neither has chosen any.
    """
    own = [name for name in scope if name.startswith(OWN_PREFIXES)]
    if own and any(is_admin(name) for name in own):
        return admin_api(tenant)
    if own and any(is_operator(name) for name in own):
        return operator_api(tenant)
    return one_or_all(client.metadata.audience or tenant.settings.audience or (tenant.issuer,))


def admin_api(tenant: Tenant) -> str:
    """The address of a tenant's admin API."""
    return f"{tenant.issuer}{ADMIN_API}"


def admin_apis(tenant: Tenant) -> list[str]:
    """That address by every name that the tenant goes by."""
    return [f"{issuer}{ADMIN_API}" for issuer in tenant.issuers]


def operator_api(tenant: Tenant) -> str:
    """The address of the operator API, below the operators' tenant."""
    return f"{tenant.issuer}{OPERATOR_API}"


def operator_apis(tenant: Tenant) -> list[str]:
    """That address by every name that the tenant goes by."""
    return [f"{issuer}{OPERATOR_API}" for issuer in tenant.issuers]


def own_apis(tenant: Tenant) -> list[str]:
    """The addresses of those of AuthGate's own APIs that a tenant has."""
    return [*admin_apis(tenant), *(operator_apis(tenant) if tenant.operates else [])]


def are_others(claims: Mapping[str, object], client: Client) -> bool:
    """Whether a client's token is for resource servers, and not for the issuer itself."""
    tenant, audience = current_tenant(), claims["aud"]
    known = tenant.settings.resources
    if not known and "act" not in claims:
        return False
    meant = audience if isinstance(audience, list) else [audience]
    # One that somebody acts by is for another where it was exchanged; an administrator who acts for
    # a person has it for whom all tokens are.
    usual = client.metadata.audience or tenant.settings.audience
    is_exchanged = "act" in claims and set(meant) != set(usual)
    is_named = is_exchanged or any(each in known for each in meant)
    return is_named and not any(issuer in meant for issuer in tenant.issuers)


def one_or_all(audience: Sequence[str]) -> str | list[str]:
    """As a claim has it (RFC 7519 section 4.1.3)."""
    return list(audience) if len(audience) > 1 else audience[0]
