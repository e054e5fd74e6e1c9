"""What plugins say arrives in the tokens of the tenants that want it, and in no others."""

from typing import Any

import jwt
import pytest

from authgate import provisioning
from authgate.storage.audit import audit_events
from authgate.storage.clients.drafts import ClientDraft
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.server import RunningServer

PLUGIN = """
from authgate.plugin_api import hookimpl

plugin_api_version = "1.0"

@hookimpl
def token_claims(request):
    return {
        "plans_tier": "gold",
        "plans_seen": [request.tenant, request.grant_type, sorted(request.scope)],
        "sub": "root",
        "extra_uid": "root",
    }
"""


pytestmark = pytest.mark.usefixtures("claims_budget")


@pytest.fixture(autouse=True)
def plans(install: Any) -> None:
    """A plugin that says what it may, and tries what it may not."""
    install("plans", PLUGIN)


async def claims(server: RunningServer, slug: str, *enabled: str) -> tuple[Tenant, dict[str, Any]]:
    """What a machine's token says in a new tenant."""
    tenant = await provisioning.add_tenant(
        server.parts,
        slug=slug,
        name=slug.title(),
        settings=TenantSettings(enabled_plugins=enabled),
    )
    with use_tenant(tenant):
        made = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Backup",
                grant_types=["client_credentials"],
                scopes=["read", "write"],
            ),
        )
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials", "scope": "read"},
        auth=(made.client.client_id, made.secret or ""),
    )
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    return tenant, jwt.decode(token, options={"verify_signature": False})


async def test_jw_21_a_plugins_claims_arrive_and_the_servers_stay(server: RunningServer) -> None:
    tenant, said = await claims(server, "acme", "plans")
    assert said["plans_tier"] == "gold"
    assert said["plans_seen"] == ["acme", "client_credentials", ["read"]]
    assert said["sub"] == f"client:{said['client_id']}"
    assert "extra_uid" not in said
    with use_tenant(tenant):
        [issued] = [
            each
            for each in await audit_events.latest(limit=20)
            if each.event_type == "CLIENT_CREDENTIALS_TOKEN_ISSUED"
        ]
    assert issued.details["refused_claims"] == ["plans: sub", "plans: extra_uid"]


async def test_pl_10_a_tenant_that_has_not_enabled_the_plugin_hears_nothing_of_it(
    server: RunningServer,
) -> None:
    _, said = await claims(server, "globex", "github")
    assert not any(name.startswith("plans_") for name in said)
