"""What the tests of this folder may ask for besides: who calls the API, and with which scopes."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from authgate import provisioning
from authgate.audit import SYSTEM
from authgate.clock import utc_now
from authgate.exports import audit_log
from authgate.permissions import UserRole
from authgate.portable import requests
from authgate.provisioning import operator_accesses, scim_tokens
from authgate.provisioning.operator_accesses import LONGEST, Wanted
from authgate.storage.audit import alerts, exports
from authgate.storage.audit.alerts import Finding
from authgate.storage.jobs import kept_jobs
from authgate.storage.people import person_erasures
from authgate.storage.people.users import User, UserRow
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.webhooks import sendings
from authgate.storage.webhooks.sendings import Happened, WebhookDelivery
from authgate.vocabulary import Severity
from authgate_tenants import Tenant, use_tenant
from authgate_testing import tenants
from authgate_testing.api import EVERYTHING, OF_OWNERS, ApiClient, administering, api_client
from authgate_testing.application import Application
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    """A program that may do everything at acme."""
    return await api_client(server, acme, *EVERYTHING)


@pytest.fixture
async def foreign_api(server: RunningServer, globex: Tenant) -> ApiClient:
    """A program that may do everything at globex."""
    return await api_client(server, globex, *EVERYTHING)


@pytest.fixture
async def foreign_owner(
    server: RunningServer, globex: Tenant, bob: User, stranger: Person
) -> ApiClient:
    """Bob, who owns globex, by a program that may do what only owners may."""
    return await _by_owner(server, globex, bob, stranger)


@pytest.fixture
async def owner_api(
    server: RunningServer, acme: Tenant, carol: User, colleague: Person
) -> ApiClient:
    """Carol, who owns acme, by such a program."""
    return await _by_owner(server, acme, carol, colleague)


async def _by_owner(server: RunningServer, tenant: Tenant, user: User, person: Person) -> ApiClient:
    with use_tenant(tenant):
        await UserRow.filter(id=user.id).update(role=UserRole.OWNER)
    application = await administering(server, tenant, *OF_OWNERS)
    issued = await application.signed_in(person, scope=" ".join(OF_OWNERS))
    return ApiClient(server.http, tenant, issued["access_token"])


async def _alert(now: datetime) -> str:
    """The current tenant's, of something that it was told."""
    finding = Finding(
        rule="quota-reached",
        subject_type="quota",
        subject_id="users",
        first_at=now,
        at=now,
        last_at=now,
        details={},
    )
    window = timedelta(hours=1)
    raised = await alerts.add(finding, window=window, severity=Severity.WARNING, now=now)
    assert raised is not None
    return str(raised.id)


@pytest.fixture
async def things(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    person: Person,
    alice: User,
    console: Application,
) -> dict[str, str]:
    """One of everything that acme has, by the names that stand for it in paths."""
    await tenants.change(server, acme, settings={"enabled_plugins": ["github", "oidc"]})
    issued = await console.signed_in(person, scope="openid offline_access read")
    assert issued["refresh_token"]
    made = await api.post("/scopes", {"name": "orders:write", "title": "change your orders"})
    assert made.status_code == 201, made.text
    found = {"user_id": str(alice.id), "client_id": "console", "scope": "orders:write"}
    made = await api.post("/resource-servers", {"uri": "https://orders.example"})
    assert made.status_code == 201, made.text
    found["resource_server_id"] = made.json()["id"]
    found["kid"] = (await api.get("/signing-keys")).json()["items"][0]["kid"]
    made = await api.post("/domains", {"host": "login.acme.example"})
    assert made.status_code == 201, made.text
    found["host"] = made.json()["host"]
    hub = {"client_id": "hub", "client_secret": "secret-of-the-provider"}
    made = await api.post("/connections", {"slug": "hub", "connector": "github", "config": hub})
    assert made.status_code == 201, made.text
    found["slug"] = "hub"
    chosen = {"host": "127.0.0.1", "sender": "no-reply@acme.example"}
    made = await api.post("/mail-server", chosen)
    assert made.status_code == 200, made.text
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: replace(before, enabled_plugins=("networks",))
    )
    found["plugin"] = "networks"
    made = await api.post("/address-blocks", {"network": "203.0.113.0/24"})
    assert made.status_code == 201, made.text
    found["address_block_id"] = made.json()["id"]
    with use_tenant(acme):
        wanted = Wanted(uuid4(), "mira", UserRole.AUDITOR, "Ticket 1", LONGEST)
        found["access_id"] = str((await operator_accesses.ask(wanted, now=utc_now())).id)
    made = await api.post("/invitations", {"email": "ada@acme.example"})
    assert made.status_code == 201, made.text
    found["invitation_id"] = made.json()["id"]
    with use_tenant(acme):
        wanted_file = await requests.request(
            server.parts, passphrase="of acme, for elsewhere", signing_keys=False, actor=SYSTEM
        )
        await requests.write(server.parts, wanted_file.id)
        logged = exports.Wanted(exports.LogFormat.CSV, bom=False, chosen={})
        logged_file = await audit_log.request(server.parts, logged, actor=SYSTEM)
        await audit_log.write_here(server.parts, logged_file)
    found["export_id"] = str(wanted_file.id)
    found["audit_export_id"] = str(logged_file.id)
    with use_tenant(acme):
        await kept_jobs.bury(
            "send-mails", {}, now=utc_now(), attempts=5, error="OSError", reason="no route"
        )
        [given_up] = await kept_jobs.every()
        gone = await person_erasures.begin(uuid4(), requested_by="user:mira", now=utc_now())
    found["job_id"] = str(given_up.id)
    found["user_erasure_id"] = str(gone.id)
    now = utc_now()
    with use_tenant(acme):
        found["alert_id"] = await _alert(now)
        connection = await connections.create(
            connection_id=uuid4(),
            slug="lab",
            connector="github",
            label="Hub",
            config={},
            sealed_secrets=b"",
        )
        await external_identities.link(
            connection_id=connection.id,
            issuer="https://hub.example",
            subject="7",
            user_id=alice.id,
            username="al",
            now=now,
        )
        [identity] = await external_identities.of_user(alice.id)
    found["identity_id"] = str(identity.id)
    with use_tenant(acme):
        _, kept = await scim_tokens.allow_provisioning(
            description="Contoso", now=now, expires_at=now + timedelta(days=1)
        )
    found["scim_token_id"] = str(kept.id)
    made = await api.post("/user-imports", {"columns": ["username", "email"]})
    assert made.status_code == 201, made.text
    found["user_import_id"] = made.json()["id"]
    made = await api.post("/groups", {"display_name": "Staff at console"})
    assert made.status_code == 201, made.text
    found["group_id"] = made.json()["id"]
    made = await api.post("/webhooks", {"name": "hub", "url": "https://hooks.acme.example/"})
    assert made.status_code == 201, made.text
    found["webhook_id"] = made.json()["id"]
    found["secret_id"] = made.json()["secrets"][0]["id"]
    with use_tenant(acme):
        event = Happened(1, uuid4(), "USER_CREATED", now, success=True)
        # Nobody sends it meanwhile.
        later = now + timedelta(days=300)
        await sendings.add(UUID(found["webhook_id"]), [event], now=later)
        [delivery] = await WebhookDelivery.all()
    found["delivery_id"] = str(delivery.id)
    for name, path in (
        ("session_id", f"/users/{alice.id}/sessions"),
        ("authorization_id", "/authorizations"),
        ("token_id", "/tokens?client_id=console"),
        ("version_id", "/settings/versions"),
        ("audit_event_id", "/audit-events"),
    ):
        answer = await api.get(path)
        found[name] = answer.json()["items"][0]["id"]
    return found
