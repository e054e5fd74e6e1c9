"""A tenant that people have lived in, as a file, and what they have in their hands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx2

from authgate import portable, provisioning
from authgate.accounts.connection_secrets import ConnectionSecrets
from authgate.app import serving
from authgate.audit import SYSTEM
from authgate.clock import Clock, utc_now
from authgate.installation import Installation
from authgate.permissions import UserRole
from authgate.portable import Choice
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.people import group_members, groups, users
from authgate.storage.people.groups import GroupDraft
from authgate.storage.sign_in import session_clients, sessions
from authgate.storage.sign_in.connections import ConnectionRow
from authgate.storage.sign_in.sessions import SignIn
from authgate_tenants import Tenant, domains, use_tenant
from authgate_testing.application import Application
from authgate_testing.person import Person

PASSWORD = "correct-horse-battery-staple"
PASSPHRASE = "a passphrase for the way"

QUICK = (1, 64, 1)
"""Passes, memory and lanes of Argon2id: a file's keys in no time, as in no other installation."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What people at the tenant have in their hands."""

    file: Path
    tenant: Tenant
    settings: Settings
    console_secret: str
    machine_secret: str
    refresh_token: str
    access_token: str
    subject: str
    pairwise_subject: str
    guest_key: str
    """Of the browser of an operator who is a guest for another hour."""


@asynccontextmanager
async def opened(
    settings: Settings, clock: Clock = utc_now
) -> AsyncIterator[tuple[Installation, httpx2.AsyncClient]]:
    """An installation that serves in this process."""
    async with serving(settings, clock=clock) as (app, parts):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as http:
            yield parts, http


def _console(http: httpx2.AsyncClient, tenant: Tenant, client: object) -> Application:
    return Application(http, tenant, client, "https://console.example/callback")  # type: ignore[arg-type]


async def _live(parts: Installation, http: httpx2.AsyncClient, password: str) -> dict[str, str]:
    tenant = await provisioning.add_tenant(parts, slug="acme", name="Acme")
    with use_tenant(tenant):
        alice = await users.create(
            username="Ålice", name="Ålice \U0001f600", email="alice@acme.example",
            email_verified=True, password_hash=password,
        )  # fmt: skip
        console = await provisioning.add_client(
            parts,
            ClientDraft(
                name="Console",
                client_id="console",
                grant_types=["authorization_code", "refresh_token"],
                scopes=["openid", "offline_access", "read"],
                redirect_uris=["https://console.example/callback"],
                metadata=ClientMetadata(subject_type="pairwise"),
            ),
        )
        machine = await provisioning.add_client(
            parts,
            ClientDraft(
                name="Machine", client_id="machine", grant_types=["client_credentials"],
                scopes=["read"], introspects=True,
            ),
        )  # fmt: skip
        github = await ConnectionRow.create(
            slug="github", connector="github", label="GitHub", config={"b": 1, "a": [True, None]},
            sealed_secrets=b"",
        )  # fmt: skip
        sealed = await ConnectionSecrets(parts.encryption).seal(github.id, {"client_secret": "s"})
        await ConnectionRow.filter(id=github.id).update(sealed_secrets=sealed)
        await domains.claim("login.acme.example")
        staff = await groups.create(GroupDraft("Stäff", "ext-1", "Everybody", ["books:read"]))
        await group_members.add(staff.id, [alice.id], now=parts.clock())
        pairwise = await parts.subjects.of(alice, console.client)
        guest_key = await _guest(parts.clock())
    person = Person(http)
    await person.sign_in(tenant.issuer, "Ålice", PASSWORD)
    tokens = await _console(http, tenant, console).signed_in(person, scope="openid offline_access")
    return {
        "console_secret": console.secret or "",
        "machine_secret": machine.secret or "",
        "refresh_token": tokens["refresh_token"],
        "access_token": tokens["access_token"],
        "subject": alice.subject,
        "pairwise_subject": pairwise,
        "guest_key": guest_key,
    }


async def _guest(now: datetime) -> str:
    until = now + timedelta(hours=1)
    role = UserRole.AUDITOR
    guest = await users.invite(None, username="mira@operator", name="Mira", role=role, until=until)
    here = SignIn(["pwd"], "192.0.2.1", "", False, now, idle_expires_at=until, expires_at=until)
    key = await sessions.start(guest, here)
    [session] = await sessions.Session.filter(user_id=guest)
    await session_clients.note(session.id, "console", subject=str(guest), expires_at=until)
    return key


async def exported(parts: Installation, tenant: Tenant, choice: Choice) -> bytes:
    """The whole file of a tenant."""
    pieces = portable.export(parts, tenant, choice, actor=SYSTEM)
    return b"".join([piece async for piece in pieces])


async def lived_in(settings: Settings, password_hash: str, file: Path) -> Lived:
    """Somebody lives at a tenant of an installation, which is closed then."""
    async with opened(settings) as (parts, http):
        told = await _live(parts, http, password_hash)
        tenant = await parts.resolver.find("acme")
        assert tenant is not None
        whole = await exported(parts, tenant, Choice(PASSPHRASE, signing_keys=True))
    keep(file, whole)
    return Lived(file, tenant, settings, **told)


def keep(file: Path, whole: bytes) -> None:
    """Put a tenant's file down."""
    file.write_bytes(whole)
