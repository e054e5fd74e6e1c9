"""A server in a process of its own, for clients that speak real HTTP."""

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from authgate import installation, provisioning
from authgate.accounts.passwords import Passwords
from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.vocabulary import ApplicationType, ConsentPolicy
from authgate_tenants import TenantSettings, use_tenant
from authgate_testing.processes import running
from authgate_testing.readiness import is_ready

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True, slots=True)
class LiveServer:
    """What is served, by its addresses."""

    base_url: str
    issuer: str
    """Of the tenant where Mira lives."""
    client_id: str
    """Of a public client for devices."""

    @property
    def applications(self) -> tuple[str, str]:
        """Clients for the authorization code grant at any port of 127.0.0.1: about the first one
        people are asked, the second one is the tenant's own."""
        return "fleet-app", "fleet-shell"


@dataclass(frozen=True, slots=True)
class Host:
    """A server without tenants."""

    base_url: str
    settings: Settings
    """By which others open what it serves."""

    async def tenant(self, slug: str = "northwind") -> LiveServer:
        """Add a tenant with clients and a person, for whoever shares this server with others."""
        async with installation.opened(self.settings) as parts:
            client = await _furnished(parts, slug)
        return LiveServer(self.base_url, f"{self.base_url}/t/{slug}", client.client.client_id)


@asynccontextmanager
async def live(
    database: DatabaseSettings, folder: Path, **chosen: str
) -> AsyncIterator[LiveServer]:
    """Serve a tenant, a client and a person from ``authgate serve``, with these settings too."""
    variables = {f"AUTHGATE_{name}": value for name, value in chosen.items()}
    with host(database, folder, variables) as serving:
        yield await serving.tenant()


@contextmanager
def host(database: DatabaseSettings, folder: Path, variables: Mapping[str, str]) -> Iterator[Host]:
    """Run ``authgate serve`` with these variables of the environment."""
    kek = folder / "kek"

    def command(port: int) -> list[str | Path]:
        environment = {
            "AUTHGATE_DATABASE__URL": database.url.get_secret_value(),
            "AUTHGATE_KEYS__KEK_FILE": str(kek),
            "AUTHGATE_BASE_URL": f"http://localhost:{port}",
            "AUTHGATE_SERVER__PORT": str(port),
            **variables,
        }
        assignments = [f"{name}={value}" for name, value in environment.items()]
        return ["/usr/bin/env", *assignments, sys.executable, "-m", "authgate", "serve"]

    with running(command, answers=_answers, log=folder / "server.log") as port:
        base_url = f"http://localhost:{port}"
        keys = KeySettings(kek_file=kek)
        operators = variables.get("AUTHGATE_OPERATOR_TENANT", "")
        yield Host(
            base_url,
            Settings(database=database, keys=keys, base_url=base_url, operator_tenant=operators),
        )
        httpx2.get(f"{base_url}/metrics", timeout=60)  # read by the watch for secrets


async def _furnished(parts: Installation, slug: str) -> NewClient:
    tenant = await provisioning.add_tenant(
        parts,
        slug=slug,
        name="Northwind Robotics",
        settings=TenantSettings(brand_color="#0f7a5a", enabled_plugins=("networks", "saml")),
    )
    with use_tenant(tenant):
        await _mira()
        for client_id, consent in (
            ("fleet-app", ConsentPolicy.REMEMBERED),
            ("fleet-shell", ConsentPolicy.IMPLICIT),
        ):
            await provisioning.add_client(
                parts,
                ClientDraft(
                    name="Fleet App",
                    client_id=client_id,
                    grant_types=["authorization_code", "refresh_token"],
                    scopes=["openid", "profile", "email", "read", "offline_access"],
                    redirect_uris=["http://127.0.0.1/callback"],
                    application_type=ApplicationType.NATIVE,
                    consent=consent,
                    public=True,
                    first_party=consent is ConsentPolicy.IMPLICIT,
                ),
            )
        return await provisioning.add_client(
            parts,
            ClientDraft(
                name="Fleet CLI",
                grant_types=[DEVICE_GRANT],
                scopes=["openid", "profile", "email", "read", "write"],
                public=True,
                first_party=True,
            ),
        )


async def _mira() -> None:
    passwords = Passwords()
    try:
        await provisioning.add_user(
            passwords,
            username="mira.halvorsen",
            password=PASSWORD,
            email="mira@northwind.example",
            name="Mira Halvorsen",
            role=UserRole.ADMIN,
        )
    finally:
        passwords.close()


def _answers(port: int) -> bool:
    return is_ready(f"http://localhost:{port}")
