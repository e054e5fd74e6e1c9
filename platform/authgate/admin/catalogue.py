"""All operations of the API."""

from authgate.admin import (
    access_tokens,
    address_blocks,
    applications,
    authorizations,
    domains,
    exports,
    invitations,
    operator_accesses,
    people,
    resource_servers,
    roles,
    selections,
    settings,
    signing_keys,
    tenant_scopes,
    usage,
)

OPERATIONS = [
    *applications.OPERATIONS,
    *tenant_scopes.OPERATIONS,
    *resource_servers.OPERATIONS,
    *signing_keys.OPERATIONS,
    *access_tokens.OPERATIONS,
    *authorizations.OPERATIONS,
    *people.OPERATIONS,
    *invitations.OPERATIONS,
    *roles.OPERATIONS,
    *selections.OPERATIONS,
    *settings.OPERATIONS,
    *usage.OPERATIONS,
    *domains.OPERATIONS,
    *address_blocks.OPERATIONS,
    *operator_accesses.OPERATIONS,
    *exports.OPERATIONS,
]
