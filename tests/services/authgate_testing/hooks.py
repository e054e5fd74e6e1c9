"""A webhook of a tenant, what happens there, and what its receiver was sent."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

from authgate import audit
from authgate.audit import SYSTEM, Event
from authgate.pretend.host import Asked, Host
from authgate.sealing.sealer import Sealer
from authgate.storage.webhooks import endpoints
from authgate.storage.webhooks.endpoints import Endpoint
from authgate.webhooks import delivering
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, renewed
from authgate_testing.server import RunningServer


async def happen(tenant: Tenant, *names: str, kind: Event = Event.USER_CREATED) -> None:
    """People come, or something else happens to them."""
    with use_tenant(tenant):
        for name in names:
            await audit.record(kind, actor=SYSTEM, resource=("user", name))


async def go_round(server: RunningServer, *tenants: Tenant, slow: bool = False) -> None:
    """Seal the logs of these, and do what the job does."""
    for tenant in tenants:
        with use_tenant(tenant):
            await Sealer(server.parts).seal()
    await delivering.deliver_everywhere(server.parts, slow=slow)


@dataclass(frozen=True)
class Hook:
    """A webhook."""

    server: RunningServer
    tenant: Tenant
    api: ApiClient
    host: Host
    id: str
    secret: str

    @classmethod
    async def made(
        cls,
        server: RunningServer,
        tenant: Tenant,
        api: ApiClient,
        host: Host,
        *,
        name: str = "billing",
        **more: object,
    ) -> "Hook":
        """A new one, which sends there."""
        said = {"name": name, "url": f"https://{host.name}/{name}", **more}
        made = await api.post("/webhooks", said)
        assert made.status_code == 201, made.text
        return cls(server, tenant, api, host, made.json()["id"], made.json()["secret"])

    @property
    def here(self) -> str:
        """Where the API has it."""
        return f"/webhooks/{self.id}"

    def by(self, secret: str) -> "Hook":
        """Whose receiver knows another secret."""
        return replace(self, secret=secret)

    async def round(self, *, after: float = 0, slow: bool = False) -> None:
        """Do what the job does, a while later."""
        self.server.clock.advance(after)
        await go_round(self.server, self.tenant, slow=slow)

    async def now(self) -> Endpoint:
        """How it is with it."""
        with use_tenant(self.tenant):
            found = await endpoints.find(UUID(self.id))
        assert found is not None
        return found

    async def deliveries(self, query: str = "") -> list[dict[str, Any]]:
        """What was sent, the newest first."""
        # However far the clock was moved.
        api = await renewed(self.server, self.api)
        told = await api.get(f"{self.here}/deliveries{query}")
        assert told.status_code == 200, told.text
        items: list[dict[str, Any]] = told.json()["items"]
        return items

    def opened(self) -> list[dict[str, Any]]:
        """The messages, believed by the library for receivers."""
        return [self.believed(each) for each in self.host.asked]

    def believed(self, asked: Asked) -> dict[str, Any]:
        """A message, if its signature is good. Raises what the library raises."""
        Webhook(self.secret).verify(asked.body, dict(asked.headers))
        message: dict[str, Any] = json.loads(asked.body)
        return message

    def whom(self) -> list[str]:
        """Whom the messages are about."""
        return [each["data"]["resource_id"] for each in self.opened()]
