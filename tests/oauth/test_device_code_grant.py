"""The device grant (RFC 8628), from a device's request to its token."""

import httpx2
import pytest

from authgate.provisioning import NewClient
from authgate.storage.users import User
from authgate_tenants import Tenant
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PASSWORD = "correct-horse-battery-staple"


async def start(server: RunningServer, tenant: Tenant, client: NewClient) -> dict[str, str]:
    """What the device gets to show."""
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/device/code",
        data={"client_id": client.client.client_id, "scope": "openid profile email"},
    )
    assert answer.status_code == 200, answer.text
    content: dict[str, str] = answer.json()
    return content


async def poll(
    server: RunningServer, tenant: Tenant, client: NewClient, device_code: str
) -> httpx2.Response:
    """One poll of the device."""
    return await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={
            "grant_type": GRANT,
            "client_id": client.client.client_id,
            "device_code": device_code,
        },
    )


@pytest.fixture
async def person(server: RunningServer, acme: Tenant, alice: User) -> Person:
    """Alice, signed in."""
    someone = Person(server.browser())
    page = await someone.sign_in(acme.issuer, alice.username, PASSWORD)
    assert page.url.path.endswith("/account/sessions"), page.text
    return someone


async def test_a_device_signs_in_once_its_person_has_compared_and_approved(
    server: RunningServer, acme: Tenant, device_client: NewClient, person: Person
) -> None:
    shown = await start(server, acme, device_client)
    pending = await poll(server, acme, device_client, shown["device_code"])
    assert pending.json() == {"error": "authorization_pending"}

    await person.visit(f"{acme.issuer}/device")
    confirm = await person.submit({"user_code": shown["user_code"].lower()}, to="/device")
    assert "Acme CLI" in confirm.text
    done = await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    assert done.status_code == 200, done.text

    token = await poll(server, acme, device_client, shown["device_code"])
    assert token.status_code == 200, token.text
    who = await server.http.get(
        f"{acme.issuer}/oauth/userinfo",
        headers={"Authorization": f"Bearer {token.json()['access_token']}"},
    )
    assert who.json()["preferred_username"] == "alice"

    again = await poll(server, acme, device_client, shown["device_code"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
