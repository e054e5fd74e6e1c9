"""What tenants have chosen, and their clients."""

from collections.abc import AsyncIterator, Iterator

from authgate.cli.demo.site import DEVICE_CLIENT, MACHINE_CLIENT
from authgate.diagnosis import limits
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.settings import LimitSettings, Settings
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.tokens.grant_names import GRANTS
from authgate_tenants import Tenant

NO_TENANTS = Misconfiguration(
    code="no-tenants",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="There is no tenant.",
    why="Nobody can sign in to nothing.",
    cure="Run `authgate tenant create SLUG`.",
)
UNKNOWN_DEFAULT_TENANT = Misconfiguration(
    code="unknown-default-tenant",
    area=Area.TENANTS,
    wrong="`default_tenant` names no tenant.",
    why="Clients that know no tenants find nothing at `base_url`.",
    cure="Run `authgate tenant create {tenant}`, or correct `default_tenant`.",
)
UNKNOWN_GRANT = Misconfiguration(
    code="unknown-grant",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="A client may use a grant that this version does not have.",
    why="The client is refused, and was perhaps made for another version.",
    cure="Run `authgate client update {client} --tenant {tenant} --grant …`, or disable it.",
)
UNFIT_GRANT = Misconfiguration(
    code="unfit-grant",
    area=Area.TENANTS,
    wrong="A client without a secret may use `client_credentials`.",
    why="Whoever knows its `client_id`, which is no secret, could act as the client.",
    cure="Run `authgate client disable {client} --tenant {tenant}`, and make another one that has a"
    " secret: `authgate client create`.",
)
LONG_LIFETIME = Misconfiguration(
    code="long-lifetime",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="A tenant's tokens live longer than a day, its codes longer than half an hour, its"
    " refresh tokens longer than 90 days unused or a year in all, or a browser stays signed in"
    " longer than 30 days.",
    why="What is stolen works for as long.",
    cure="Run `authgate tenant set {tenant} --unset {setting}`, or choose less.",
)
NO_ROTATION = Misconfiguration(
    code="refresh-rotation-off",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="A tenant's refresh tokens do not rotate.",
    why="One that was stolen works beside the client's own until it ends, and nobody notices.",
    cure="Run `authgate tenant set {tenant} --unset refresh_token_rotation`.",
)
DEMO_IN_PRODUCTION = Misconfiguration(
    code="demo-in-production",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="The `prod` profile serves a tenant of the demo.",
    why="Its passwords and secrets are in `.authgate/demo.json` on somebody's machine.",
    cure="Run `authgate tenant suspend {tenant}`.",
)

UNREVIEWED_CLIENTS = Misconfiguration(
    code="unreviewed-clients",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="A tenant serves clients that anybody has registered, and nobody has looked at.",
    why="Whoever wants people's tokens calls their client as people expect, and asks them.",
    cure="Run `authgate tenant set {tenant} client_registration_approval=true`, or let only those"
    " register who have a token: `client_registration=token`.",
)

_DAY = 86400
_LONGEST = {
    "access_token_lifetime": _DAY,
    "access_token_lifetime_cap": _DAY,
    "short_access_token_lifetime": _DAY,
    "long_access_token_lifetime": _DAY,
    "client_credentials_lifetime": _DAY,
    "id_token_lifetime": _DAY,
    "refresh_token_lifetime": 90 * _DAY,
    "refresh_token_absolute_lifetime": 365 * _DAY,
    "device_code_lifetime": 1800,
    "session_idle_lifetime": _DAY,
    "session_absolute_lifetime": 7 * _DAY,
    "remembered_session_lifetime": 30 * _DAY,
}
"""Seconds; the security guide of AuthGate has a day for tokens and half an hour for codes."""


async def findings(settings: Settings, tenant: Tenant) -> AsyncIterator[Finding]:
    """What is wrong in the tenant in scope."""
    for finding in _settings(tenant):
        yield finding
    known = await clients.all_clients()
    for client in known:
        for finding in _client(tenant, client):
            yield finding
    demo = {DEVICE_CLIENT, MACHINE_CLIENT} & {client.client_id for client in known}
    if settings.profile == "prod" and demo:
        yield DEMO_IN_PRODUCTION.found(tenant.slug, tenant=tenant.slug)


def _settings(tenant: Tenant) -> Iterator[Finding]:
    for name, longest in _LONGEST.items():
        seconds = getattr(tenant.settings, name)
        if seconds > longest:
            what = f"{name} of {tenant.slug} is {seconds} s"
            yield LONG_LIFETIME.found(what, setting=name, tenant=tenant.slug)
    if not tenant.settings.refresh_token_rotation:
        yield NO_ROTATION.found(tenant.slug, tenant=tenant.slug)
    chosen = tenant.settings
    if chosen.client_registration == "open" and not chosen.client_registration_approval:
        yield UNREVIEWED_CLIENTS.found(tenant.slug, tenant=tenant.slug)
    for name, text in tenant.settings.login_limits.items():
        if name in LimitSettings.model_fields:
            yield from limits.of_limit(name, text, where=f"{name} of {tenant.slug}")


def _client(tenant: Tenant, client: Client) -> Iterator[Finding]:
    who = f"{client.client_id} in {tenant.slug}"
    names = {"client": client.client_id, "tenant": tenant.slug}
    unknown = client.grant_types - set(GRANTS.values())
    if unknown:
        yield UNKNOWN_GRANT.found(f"{who}: {', '.join(sorted(unknown))}", **names)
    if client.is_public and GRANTS["client_credentials"] in client.grant_types:
        yield UNFIT_GRANT.found(who, **names)
