"""What an operator changes holds at once, everywhere, and all of it or nothing."""

from uuid import uuid4

import pytest

from authgate import provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.provisioning import NewClient
from authgate.storage.audit import audit_events
from authgate.storage.clients import clients
from authgate.storage.keys.signing_keys import SigningKey
from authgate.storage.people.users import User
from authgate.storage.redis.rate_limits import BadLimit
from authgate.storage.sign_in import login_failures
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.models import TenantRow
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"


async def token_status(server: RunningServer, tenant: Tenant, machine: NewClient) -> int:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    return answer.status_code


async def test_a_tenant_begins_with_its_keys_and_its_event(
    server: RunningServer, acme: Tenant
) -> None:
    with use_tenant(acme):
        assert await SigningKey.all().count() == 2
        [event] = await audit_events.latest(limit=10)
    assert event.event_type == "TENANT_CREATED"


async def test_a_slug_is_given_once_and_the_second_leaves_nothing(
    server: RunningServer, acme: Tenant
) -> None:
    with pytest.raises(SlugTaken):
        await provisioning.add_tenant(server.parts, slug="acme", name="Another")
    assert await TenantRow.all().count() == 1
    with use_tenant(acme):
        assert await SigningKey.all().count() == 2


@pytest.mark.parametrize("limits", [{"login_per_moon": "5/min"}, {"login_per_ip": "often"}])
async def test_a_tenant_with_a_limit_nobody_can_hold_is_refused(
    server: RunningServer, limits: dict[str, str]
) -> None:
    settings = TenantSettings(login_limits=limits)
    with pytest.raises(BadLimit):
        await provisioning.add_tenant(server.parts, slug="acme", name="A", settings=settings)
    assert await TenantRow.all().count() == 0


async def test_ti_27_a_suspended_tenant_is_refused_at_once_until_it_is_resumed(
    server: RunningServer, acme: Tenant, globex: Tenant, machine: NewClient
) -> None:
    assert await token_status(server, acme, machine) == 200
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.SUSPENDED)
    assert await token_status(server, acme, machine) == 403
    page = await server.http.get(f"{acme.issuer}/login", headers={"Accept": "text/html"})
    assert page.status_code == 403
    assert (await server.http.get(f"{globex.issuer}/login")).status_code == 200
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.ACTIVE)
    assert await token_status(server, acme, machine) == 200
    with use_tenant(acme):
        kinds = [event.event_type for event in await audit_events.latest(limit=50)]
    assert {"TENANT_SUSPENDED", "TENANT_RESUMED"} <= set(kinds)


async def test_a_disabled_clients_tokens_end_at_once(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    answer = await server.http.post(
        f"{acme.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    info = f"{acme.issuer}/oauth/tokeninfo"
    assert (await server.http.get(info, headers=bearer)).status_code == 200
    with use_tenant(acme):
        await provisioning.set_client_status(
            server.parts, machine.client.client_id, ClientStatus.INACTIVE
        )
    assert (await server.http.get(info, headers=bearer)).status_code == 401
    assert await token_status(server, acme, machine) == 401


async def test_a_rotated_secret_ends_though_a_request_looks_before_the_commit(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    assert await token_status(server, acme, machine) == 200
    client_id = machine.client.client_id
    with use_tenant(acme):
        async with storage.transaction():
            fresh = await provisioning.rotate_client_secret(server.parts, client_id)
            await server.parts.clients.get(
                clients.cache_key(client_id), lambda: clients.find(client_id)
            )
    assert await token_status(server, acme, machine) == 401
    assert await token_status(server, acme, NewClient(machine.client, fresh)) == 200


async def test_another_tenants_client_is_unknown_to_an_operator_of_this_one(
    server: RunningServer, acme: Tenant, globex: Tenant, machine: NewClient
) -> None:
    with use_tenant(globex), pytest.raises(provisioning.UnknownClient):
        await provisioning.set_client_status(
            server.parts, machine.client.client_id, ClientStatus.INACTIVE
        )
    assert await token_status(server, acme, machine) == 200


async def test_a_new_password_ends_sessions_tokens_and_approvals(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    device_client: NewClient,
    passwords: Passwords,
) -> None:
    held, approved = [await _approved(server, acme, device_client) for _ in range(2)]
    bearer = {"Authorization": f"Bearer {(await _poll(server, acme, device_client, held))[1]}"}
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    with use_tenant(acme):
        await provisioning.reset_password(
            passwords, "alice", password=uuid4().hex, now=server.clock()
        )
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")
    info = await server.http.get(f"{acme.issuer}/oauth/tokeninfo", headers=bearer)
    assert info.status_code == 401
    assert await _poll(server, acme, device_client, approved) == (400, "access_denied")


async def test_an_administrator_opens_an_account_that_was_locked_for_good(
    server: RunningServer, acme: Tenant, alice: User, passwords: Passwords
) -> None:
    chosen = uuid4().hex
    with use_tenant(acme):
        for _ in range(login_failures.EVERYWHERE.last + 5):
            await login_failures.count_attempt_at(
                alice.canonical_username, uuid4().hex, now=server.clock()
            )
            server.clock.advance(16 * 60)
        await provisioning.reset_password(passwords, "alice", password=chosen, now=server.clock())
    page = await Person(server.browser()).sign_in(acme.issuer, "alice", chosen)
    assert page.url.path.endswith("/account/sessions"), page.text


async def _approved(server: RunningServer, tenant: Tenant, client: NewClient) -> str:
    shown = (
        await server.http.post(
            f"{tenant.issuer}/oauth/device/code", data={"client_id": client.client.client_id}
        )
    ).json()
    person = Person(server.browser())
    await person.sign_in(tenant.issuer, "alice", PASSWORD)
    await person.visit(f"{tenant.issuer}/device")
    await person.submit({"user_code": shown["user_code"]}, to="/device")
    await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    code: str = shown["device_code"]
    return code


async def _poll(
    server: RunningServer, tenant: Tenant, client: NewClient, device_code: str
) -> tuple[int, str]:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": client.client.client_id,
            "device_code": device_code,
        },
    )
    content = answer.json()
    return answer.status_code, content.get("access_token") or content["error"]
