"""A tenant is its id: whoever gets the slug of one that was deleted inherits nothing with it."""

from dataclasses import replace

import jwt
import pytest

from authgate import background, provisioning
from authgate.accounts.passwords import Passwords
from authgate.provisioning import NewClient
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import PAIRWISE, ClientMetadata
from authgate.storage.people.users import User
from authgate.vocabulary import ApplicationType
from authgate_tenants import Tenant, domains, use_tenant
from authgate_tenants.domains import HostTaken
from authgate_testing.application import Application, allowed, is_asked, sent_on
from authgate_testing.device import GRANT, Device
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
async def device(server: RunningServer, acme: Tenant, device_client: NewClient) -> Device:
    return Device(server.http, acme, device_client)


async def kids(server: RunningServer, issuer: str) -> set[str]:
    answer = await server.http.get(f"{issuer}/.well-known/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deletion waits for nothing: by their time all that the former tenant gave is valid yet."""
    monkeypatch.setattr(background, "schedule", lambda _: ())
    return settings.model_copy(update={"tenant_deletion_days": 0})


async def delete(server: RunningServer, tenant: Tenant) -> None:
    """All of it."""
    await provisioning.request_deletion(server.parts, tenant, confirmation=tenant.slug)
    await provisioning.erase_due_tenants(server.parts)
    server.clock.advance(10)
    await provisioning.erase_due_tenants(server.parts)


async def successor(server: RunningServer, former: Tenant, *drafts: ClientDraft) -> Tenant:
    """Another tenant at the same address, with clients and a person called the same."""
    await delete(server, former)
    tenant = await provisioning.add_tenant(server.parts, slug=former.slug, name=former.name)
    passwords = Passwords(threads=1)
    with use_tenant(tenant):
        for draft in drafts:
            await provisioning.add_client(server.parts, draft)
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

    tenant = await successor(
        server,
        acme,
        ClientDraft(
            name="Acme CLI",
            client_id=device.client.client.client_id,
            grant_types=[GRANT],
            scopes=["openid", "profile", "read"],
            public=True,
        ),
    )
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


async def test_ti_26_what_an_application_held_of_a_former_tenant_is_nothing_at_the_next(
    server: RunningServer, acme: Tenant, native: Application, person: Person, alice: User
) -> None:
    tokens = await native.signed_in(person, scope="openid offline_access")
    asking, pushed = native.ask(), native.ask()
    code = (await allowed(person, asking))["code"]
    request_uri = (await native.pushed(pushed)).json()["request_uri"]
    pairwise = replace(native.client.client, metadata=ClientMetadata(subject_type=PAIRWISE))
    with use_tenant(acme):
        former_name = await server.parts.subjects.of(alice, pairwise)

    tenant = await successor(
        server,
        acme,
        ClientDraft(
            name="Acme Desktop",
            client_id=native.client.client.client_id,
            grant_types=["authorization_code", "refresh_token"],
            scopes=["openid", "profile", "email", "offline_access", "read"],
            redirect_uris=["http://127.0.0.1/callback"],
            application_type=ApplicationType.NATIVE,
            public=True,
        ),
    )
    assert tenant.issuer == acme.issuer

    for answer in (
        await native.refresh(tokens["refresh_token"]),
        await native.redeem(code, asking),
    ):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    led = await sent_on(person, native.led_by(request_uri))
    assert led.status_code == 400
    person.http.cookies.clear()
    await person.sign_in(tenant.issuer, "alice", PASSWORD)
    assert is_asked(await sent_on(person, native.ask().url)), "nobody has allowed it here"
    hinted = await sent_on(person, native.ask(id_token_hint=tokens["id_token"], prompt="none").url)
    assert "error=" in str(hinted.headers.get("Location", ""))
    with use_tenant(tenant):
        assert await server.parts.subjects.of(alice, pairwise) != former_name


async def test_ti_26_a_host_of_a_former_tenant_is_the_next_ones_to_prove(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    host = "login.acme.example"
    with use_tenant(acme):
        await provisioning.add_domain(server.parts, host)
        await provisioning.verify_domain(server.parts, host, stated=True)
        await provisioning.make_canonical(server.parts, host)
        [former] = await domains.every()
    await provisioning.request_deletion(server.parts, acme, confirmation="acme")
    with use_tenant(globex):
        claimed = await provisioning.add_domain(server.parts, host)
        assert claimed.token != former.token
        with pytest.raises(HostTaken):
            await provisioning.verify_domain(server.parts, host, stated=True)
    await provisioning.erase_due_tenants(server.parts)
    server.clock.advance(10)
    await provisioning.erase_due_tenants(server.parts)
    assert (await server.http.get(f"http://{host}/login")).status_code == 421
    with use_tenant(globex):
        await provisioning.verify_domain(server.parts, host, stated=True)
        await provisioning.make_canonical(server.parts, host)
    assert (await server.http.get(f"http://{host}/login")).status_code == 200
