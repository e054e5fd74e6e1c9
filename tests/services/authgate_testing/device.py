"""A device that has no browser: asks for a code, shows it, and polls."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
from uuid_utils.compat import uuid7

from authgate.provisioning import NewClient
from authgate.storage.grants.device_codes import NewRequest
from authgate_tenants import Tenant
from authgate_testing.person import Person

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class Device:
    """A device with a client's credentials."""

    http: httpx2.AsyncClient
    tenant: Tenant
    client: NewClient

    def credentials(self) -> dict[str, str]:
        """The client's, as parameters of a form."""
        named = {"client_id": self.client.client.client_id}
        return named | ({"client_secret": self.client.secret} if self.client.secret else {})

    async def ask(self, **fields: str) -> httpx2.Response:
        """Ask for a code; an empty field is left out."""
        form = _given(self.credentials() | fields)
        return await self.http.post(f"{self.tenant.issuer}/oauth/device/code", data=form)

    async def start(self, **fields: str) -> dict[str, str]:
        """What the device gets to show."""
        answer = await self.ask(**fields)
        assert answer.status_code == 200, answer.text
        shown: dict[str, str] = answer.json()
        return shown

    async def poll(self, device_code: str, **fields: str) -> httpx2.Response:
        """Ask whether somebody has decided; an empty field is left out."""
        form = {"grant_type": GRANT, "device_code": device_code}
        return await self.http.post(
            f"{self.tenant.issuer}/oauth/token", data=_given(self.credentials() | form | fields)
        )


def asked(client_id: str, now: datetime) -> NewRequest:
    """What a device has asked for, before it is stored."""
    lasts_until = now + timedelta(minutes=30)
    return NewRequest(str(uuid7()), client_id, "read", 5, "192.0.2.1", "", now, lasts_until)


async def decide(
    person: Person, shown: dict[str, str], decision: str = "approve"
) -> httpx2.Response:
    """Type the code, compare, and decide."""
    await person.visit(shown["verification_uri"])
    await person.submit({"user_code": shown["user_code"]}, to="/device")
    ticked = {"mine": "1"} if decision == "approve" else {}
    return await person.submit({"decision": decision} | ticked, to="/device/decision")


def _given(form: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if value}
