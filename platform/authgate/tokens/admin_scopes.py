"""The scopes of the admin API: each is named after the permission that it opens."""

from collections.abc import Mapping

from authgate.languages import text
from authgate.tokens.api_scopes import ADMIN_PREFIX, ApiScope


class Scope(ApiScope):
    """Each scope. To write does not mean to read: whoever needs both asks for both."""

    CLIENTS_READ = f"{ADMIN_PREFIX}clients:read"
    CLIENTS_WRITE = f"{ADMIN_PREFIX}clients:write"
    SCOPES_READ = f"{ADMIN_PREFIX}scopes:read"
    SCOPES_WRITE = f"{ADMIN_PREFIX}scopes:write"
    RESOURCE_SERVERS_READ = f"{ADMIN_PREFIX}resource-servers:read"
    RESOURCE_SERVERS_WRITE = f"{ADMIN_PREFIX}resource-servers:write"
    KEYS_READ = f"{ADMIN_PREFIX}keys:read"
    KEYS_WRITE = f"{ADMIN_PREFIX}keys:write"
    CONNECTIONS_READ = f"{ADMIN_PREFIX}connections:read"
    CONNECTIONS_WRITE = f"{ADMIN_PREFIX}connections:write"
    DOMAINS_READ = f"{ADMIN_PREFIX}domains:read"
    DOMAINS_WRITE = f"{ADMIN_PREFIX}domains:write"
    TOKENS_READ = f"{ADMIN_PREFIX}tokens:read"
    TOKENS_WRITE = f"{ADMIN_PREFIX}tokens:write"
    AUTHORIZATIONS_READ = f"{ADMIN_PREFIX}authorizations:read"
    AUTHORIZATIONS_WRITE = f"{ADMIN_PREFIX}authorizations:write"
    USERS_READ = f"{ADMIN_PREFIX}users:read"
    USERS_WRITE = f"{ADMIN_PREFIX}users:write"
    SCIM_READ = f"{ADMIN_PREFIX}scim:read"
    SCIM_WRITE = f"{ADMIN_PREFIX}scim:write"
    GROUPS_READ = f"{ADMIN_PREFIX}groups:read"
    GROUPS_WRITE = f"{ADMIN_PREFIX}groups:write"
    ROLES_READ = f"{ADMIN_PREFIX}roles:read"
    ROLES_WRITE = f"{ADMIN_PREFIX}roles:write"
    SETTINGS_READ = f"{ADMIN_PREFIX}settings:read"
    SETTINGS_WRITE = f"{ADMIN_PREFIX}settings:write"
    LIMITS_READ = f"{ADMIN_PREFIX}limits:read"
    LIMITS_WRITE = f"{ADMIN_PREFIX}limits:write"
    USAGE_READ = f"{ADMIN_PREFIX}usage:read"
    AUDIT_READ = f"{ADMIN_PREFIX}audit:read"
    WEBHOOKS_READ = f"{ADMIN_PREFIX}webhooks:read"
    WEBHOOKS_WRITE = f"{ADMIN_PREFIX}webhooks:write"
    AUDIT_WRITE = f"{ADMIN_PREFIX}audit:write"
    JOBS_READ = f"{ADMIN_PREFIX}jobs:read"
    JOBS_WRITE = f"{ADMIN_PREFIX}jobs:write"
    EXPORTS_READ = f"{ADMIN_PREFIX}exports:read"
    EXPORTS_WRITE = f"{ADMIN_PREFIX}exports:write"


MEANINGS: Mapping[ApiScope, str] = {
    Scope.CLIENTS_READ: text("See clients, without their secrets."),
    Scope.CLIENTS_WRITE: text(
        "Create, change and remove clients, decide about those that wait, renew secrets."
    ),
    Scope.SCOPES_READ: text("See how the tenant describes its scopes."),
    Scope.SCOPES_WRITE: text("Describe the tenant's scopes."),
    Scope.RESOURCE_SERVERS_READ: text("See for which APIs clients may ask tokens."),
    Scope.RESOURCE_SERVERS_WRITE: text("Let clients ask tokens for APIs, or no more."),
    Scope.KEYS_READ: text("See which signing keys there are, without their private parts."),
    Scope.KEYS_WRITE: text("Rotate, revoke and bring signing keys, choose the algorithm."),
    Scope.CONNECTIONS_READ: text("See by which providers people sign in, without the secrets."),
    Scope.CONNECTIONS_WRITE: text("Set up, test and remove the providers that people sign in by."),
    Scope.DOMAINS_READ: text("See the tenant's own hosts, and what it is called."),
    Scope.DOMAINS_WRITE: text("Claim, prove and remove hosts, and call the tenant by one of them."),
    Scope.TOKENS_READ: text("See which access tokens there are, without the tokens."),
    Scope.TOKENS_WRITE: text("Revoke, disable and enable access tokens."),
    Scope.AUTHORIZATIONS_READ: text("See what people have allowed applications."),
    Scope.AUTHORIZATIONS_WRITE: text("Take back what people have allowed applications."),
    Scope.USERS_READ: text("See people, and the browsers that they are signed in with."),
    Scope.USERS_WRITE: text(
        "Bring people in, change and remove them, sign them out, shut them out and let them in."
    ),
    Scope.SCIM_READ: text("Read people and groups by SCIM, and see which tokens it is used with."),
    Scope.SCIM_WRITE: text(
        "Provision people and groups by SCIM, make and take back tokens for it."
    ),
    Scope.GROUPS_READ: text("See groups, and who belongs to them."),
    Scope.GROUPS_WRITE: text("Change groups, the roles that they give, and who belongs to them."),
    Scope.ROLES_READ: text("See what each role may do."),
    Scope.ROLES_WRITE: text("Give people roles, and take them."),
    Scope.SETTINGS_READ: text("See what the tenant chooses for itself, now and before."),
    Scope.SETTINGS_WRITE: text(
        "Change what the tenant chooses for itself, its colours and texts too, and where plugins"
        " tell of all that happens."
    ),
    Scope.LIMITS_READ: text("See which addresses are kept out."),
    Scope.LIMITS_WRITE: text("Keep addresses out, and let them in again."),
    Scope.USAGE_READ: text("See how much is used, day by day and of the plan."),
    Scope.AUDIT_READ: text("Read the audit log, and have it written into files."),
    Scope.WEBHOOKS_READ: text("See where events are sent, what is in them, and what became of it."),
    Scope.WEBHOOKS_WRITE: text("Have events of the audit log sent somewhere, or no more."),
    Scope.AUDIT_WRITE: text("Look after alerts, and be done with them."),
    Scope.JOBS_READ: text("See what is done beside the requests, and what was given up."),
    Scope.JOBS_WRITE: text("Have jobs tried again, and break them off."),
    Scope.EXPORTS_READ: text(
        "See which files there are that hold all of the tenant, and not the files."
    ),
    Scope.EXPORTS_WRITE: text(
        "Have everything that the tenant has written into a file, and take it."
    ),
}
"""What each of them lets its holder do, for whoever grants it."""
