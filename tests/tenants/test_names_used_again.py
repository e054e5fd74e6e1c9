"""A tenant is its id: whoever gets a slug after it was given up inherits nothing with it."""

import jwt
import pytest

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.device import GRANT, Device
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
async def device(server: RunningServer, acme: Tenant, device_client: NewClient) -> Device:
    return Device(server.http, acme, device_client)


async def kids(server: RunningServer, issuer: str) -> set[str]:
    answer = await server.http.get(f"{issuer}/.well-known/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}


async def successor(server: RunningServer, former: Tenant, client_id: str) -> Tenant:
    """Another tenant at the same address, with a client and a person called the same."""
    await change(server, former, slug="given-up")
    tenant = await provisioning.add_tenant(server.parts, slug=former.slug, name=former.name)
    passwords = Passwords(threads=1)
    with use_tenant(tenant):
        await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Acme CLI",
                client_id=client_id,
                grant_types=[GRANT],
                scopes=["openid", "profile", "read"],
                public=True,
            ),
        )
        await provisioning.add_user(passwords, username="alice", password=PASSWORD)
    passwords.close()
    return tenant


async def test_ti_26_nothing_of_a_former_tenant_is_worth_anything_at_the_next_of_its_name(
    server: RunningServer, acme: Tenant, alice: User, machine: NewClient, device: Device
) -> None:
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    approved, waiting = await device.start(scope="openid"), await device.start(scope="openid")
    held = await device.start(scope="openid")
    for shown in (held, approved):
        await person.visit(f"{acme.issuer}/device")
        await person.submit({"user_code": shown["user_code"]}, to="/device")
        await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    token = (await device.poll(held["device_code"])).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    userinfo = f"{acme.issuer}/oauth/userinfo"
    assert (await server.http.get(userinfo, headers=bearer)).status_code == 200
    page = await person.visit(f"{acme.issuer}/device")
    [old_form] = [each for each in forms(page.text) if each.action.endswith("/device")]
    former_keys = await kids(server, acme.issuer)

    tenant = await successor(server, acme, device.client.client.client_id)
    assert tenant.issuer == acme.issuer
    assert tenant.id != acme.id

    for path in ("/oauth/userinfo", "/oauth/tokeninfo"):
        answer = await server.http.get(f"{tenant.issuer}{path}", headers=bearer)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert jwt.get_unverified_header(token)["kid"] in former_keys
    assert not await kids(server, tenant.issuer) & former_keys
    for shown in (approved, waiting):
        answer = await device.poll(shown["device_code"])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = await person.http.post(
        f"{tenant.issuer}/device", data=old_form.hidden | {"user_code": waiting["user_code"]}
    )
    assert answer.status_code in (303, 403), "the form's token and the session are another's"
    home = await person.visit(f"{tenant.issuer}/account/sessions")
    assert home.url.path.endswith("/login")
