"""What a tenant has before its people and programs do anything."""

import gzip
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from uuid import uuid4

from PIL import Image

from authgate import audit, provisioning
from authgate.accounts import totp
from authgate.accounts.second_factors import SecondFactors
from authgate.alerts.raising import raise_all
from authgate.alerts.rules import DEFAULTS, Rule
from authgate.audit import SYSTEM
from authgate.exports import audit_log
from authgate.installation import Installation
from authgate.operator import arrivals
from authgate.permissions import UserRole
from authgate.portable import requests
from authgate.provisioning import (
    NewClient,
    erasure,
    impersonations,
    invitations,
    logos,
    operator_accesses,
    scim_tokens,
    user_imports,
)
from authgate.provisioning.address_blocks import block_address
from authgate.provisioning.operator_accesses import LONGEST, Wanted
from authgate.provisioning.plugin_settings import PluginChange, set_plugin
from authgate.provisioning.roles import Authority
from authgate.sealing import checking, erasure_proofs
from authgate.sealing.sealer import Sealer
from authgate.storage import transaction
from authgate.storage.audit import audit_erasures, audit_feeds, saved_searches
from authgate.storage.audit import exports as audit_exports
from authgate.storage.audit.alerts import Finding
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.jobs import kept_jobs
from authgate.storage.mail import mail_servers
from authgate.storage.mail.mail_servers import MailServer
from authgate.storage.people import account_deletions, person_erasures, users
from authgate.storage.people.groups import GroupDraft
from authgate.storage.people.operator_accesses import Access
from authgate.storage.people.users import User, UserRow
from authgate.storage.tenants import plugin_failures, sign_ups
from authgate.storage.tenants.plugin_failures import PluginFailure
from authgate.storage.webhooks import sendings
from authgate.storage.webhooks.endpoints import EndpointDraft, WebhookEndpointRow
from authgate.storage.webhooks.sendings import Happened, WebhookDelivery
from authgate.vocabulary import ClientStatus, DeliveryStatus, MailSecurity, UserStatus
from authgate.webhooks import administering
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.api import EVERY_SCOPE
from authgate_testing.device import GRANT
from authgate_testing.matrix.connections import connected
from authgate_testing.signing import SigningKey

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PASSWORD = "correct-horse-battery-staple"  # of people who exist in tests only
_SCOPES = ["openid", "profile", "email", "offline_access", "read"]


@dataclass(frozen=True, slots=True)
class Household:
    """A tenant, and what it has. Every name in it has the word, which no other tenant has."""

    tenant: Tenant
    word: str
    chief: User
    """Its most powerful person."""
    member: User
    web: NewClient
    signing: NewClient
    """A client that signs its assertions."""
    key: SigningKey
    admin: NewClient
    """A client that may do everything by the API."""
    initial_access_token: str
    scim_token: str
    guest: Access
    """Of an operator of the installation, who may come in."""


async def furnished(parts: Installation, word: str, password_hash: str) -> Household:
    """A tenant with one of everything that is not made by doing something."""
    tenant = await provisioning.add_tenant(
        parts, slug=word, name=f"Tenant {word}", settings=_settings(word)
    )
    with use_tenant(tenant):
        people = [
            await users.create(
                username=f"{name}-{word}",
                name=f"{name} {word}",
                email=f"{name}@{word}.example",
                email_verified=role is not UserRole.ADMIN,
                password_hash=password_hash,
                role=role,
            )
            for name, role in (
                ("chief", UserRole.OWNER),
                ("member", UserRole.USER),
                ("deputy", UserRole.ADMIN),
                ("absent", UserRole.USER),
            )
        ]
        chief, member, deputy, absent = people
        await UserRow.filter(id=absent.id).update(status=UserStatus.DISABLED)
        key = SigningKey.make()
        web, signing, admin = await _clients(parts, word, key)
        await _more_clients(parts, word, chief)
        token, _ = await provisioning.allow_registration(
            description=f"For {word}", uses=100, now=parts.clock(), expires_at=_later(parts)
        )
        scim_token, _ = await scim_tokens.allow_provisioning(
            description=f"For {word}", now=parts.clock(), expires_at=_later(parts)
        )
        await UserRow.filter(id=member.id).update(external_id=f"ext-{word}", given_name=word)
        await _guarded(parts, absent)
        await connected(parts, word, member)
        await logos.keep_logo(_picture(word))
        await provisioning.change_tenant(parts, tenant, change=_a_bit_else)
        await parts.keys.rotate(tenant.settings.signing_algorithm, actor=SYSTEM)
        await provisioning.add_domain(parts, f"sso.{word}.example")
        await _called(parts, f"own.{word}.example")
        for name in ("chief", "guest"):
            await invitations.invite(parts, f"{name}@{word}.example", UserRole.AUDITOR)
        await _mailed(parts, word)
        staff = await provisioning.add_group(GroupDraft(f"Staff {word}", f"ext-{word}"))
        await provisioning.add_members(staff.id, [member.id, chief.id], now=parts.clock())
        await block_address(parts, _network(word), reason=f"For {word}")
        await sign_ups.begin(email=f"ada@{word}.example", slug=f"new-{word}", now=parts.clock())
        guest = await _operators(parts, word)
        await _written_down(parts, word)
        await _asked_of(parts, word, member, chief)
        await account_deletions.ask(deputy.id, due_at=_later(parts), now=parts.clock())
        await _filed(parts, word, chief)
        await _plugged(parts, word)
        await _hooked(parts, word)
        await _logged(parts, word)
    return Household(
        tenant, word, chief, member, web, signing, key, admin, token, scim_token, guest
    )


async def _guarded(parts: Installation, person: User) -> None:
    """Somebody with a second factor, which an administrator may have to take from them."""
    factors = SecondFactors(parts.encryption)
    async with transaction():
        await factors.enrol(person, totp.new_secret(), step=0, now=parts.clock())
        await factors.new_recovery_codes(person, now=parts.clock())


def _network(word: str) -> str:
    """One that no other household blocks."""
    return f"2001:db9:{int.from_bytes(word.encode(), 'big') % 65521:x}::/48"


async def _mailed(parts: Installation, word: str) -> None:
    """A server of its own: what was mailed before is shown, and the rest waits."""
    server = MailServer(
        host=f"mail.{word}.example",
        port=587,
        security=MailSecurity.STARTTLS,
        username=f"mailer-{word}",
        sealed_password=None,
        sender=f"no-reply@{word}.example",
        updated_at=parts.clock(),
    )
    await mail_servers.store(server)


def _a_bit_else(settings: TenantSettings) -> TenantSettings:
    """So that there is a version to go back to."""
    return replace(settings, device_poll_interval=7)


def _picture(word: str) -> bytes:
    written = BytesIO()
    red, green, blue = sha256(word.encode()).digest()[:3]
    Image.new("RGB", (2, 2), (red, green, blue)).save(written, "PNG")
    return written.getvalue()


def _settings(word: str) -> TenantSettings:
    return TenantSettings(
        client_registration="open",
        client_registration_approval=False,
        own_applications="open",
        sign_up="open",
        impersonation="consent",
        enabled_plugins=("github", "household", "networks"),
        resources=(f"https://files.{word}.example",),
        trusted_issuers={f"https://idp.{word}.example": f"https://idp.{word}.example/keys"},
        extra_claims_enabled=True,
    )


async def _called(parts: Installation, host: str) -> None:
    """By a host of its own until lately, which it may still be called by."""
    await provisioning.add_domain(parts, host)
    await provisioning.verify_domain(parts, host, stated=True)
    await provisioning.make_canonical(parts, host)
    await provisioning.make_canonical(parts, "")


def _later(parts: Installation) -> datetime:
    return parts.clock() + timedelta(days=1)


async def _clients(parts: Installation, word: str, key: SigningKey) -> list[NewClient]:
    """Those that do something."""
    site = f"https://app.{word}.example"
    everything = [
        GRANT,
        EXCHANGE,
        BEARER,
        "authorization_code",
        "refresh_token",
        "client_credentials",
    ]
    web = ClientDraft(
        name=_name(word),
        client_id=f"web-{word}",
        grant_types=everything,
        scopes=_SCOPES,
        redirect_uris=[f"{site}/callback"],
        introspects=True,
        metadata=ClientMetadata(
            allowed_origins=(f"https://pages.{word}.example",),
            backchannel_logout_uri=f"{site}/backchannel",
            frontchannel_logout_uri=f"{site}/frontchannel",
            post_logout_redirect_uris=(f"{site}/bye",),
            subject_type="pairwise",
            token_exchange_from=(f"web-{word}",),
            token_exchange_to=(f"https://files.{word}.example",),
            jwt_bearer_issuers=(f"https://idp.{word}.example",),
            extra_claims=("ticket",),
        ),
    )
    signing = ClientDraft(
        name=_name(word),
        client_id=f"signing-{word}",
        grant_types=["client_credentials"],
        scopes=_SCOPES,
        authentication_methods=["private_key_jwt"],
        metadata=ClientMetadata(jwks=key.jwks()),
    )
    admin = ClientDraft(
        name=_name(word),
        client_id=f"admin-{word}",
        grant_types=["client_credentials", "authorization_code"],
        scopes=list(EVERY_SCOPE),
        redirect_uris=[f"{site}/callback"],
    )
    return [await provisioning.add_client(parts, draft) for draft in (web, signing, admin)]


async def _more_clients(parts: Installation, word: str, owner: User) -> None:
    """Two of each kind that an administrator does something about."""
    for status in ClientStatus:
        for number in range(2):
            draft = ClientDraft(
                name=_name(word),
                client_id=f"{status}-{number}-{word}",
                grant_types=["authorization_code"],
                redirect_uris=[f"https://{status}.{word}.example/{number}"],
                scopes=["openid"],
                status=status,
                owner_id=owner.id if number else None,
            )
            await provisioning.add_client(parts, draft)
    for number in range(2):
        draft = ClientDraft(
            name=_name(word),
            client_id=f"unseen-{number}-{word}",
            grant_types=["client_credentials"],
        )
        made = await provisioning.add_client(parts, draft)
        await clients.set_unseen(made.client.client_id, unseen=True)
        await provisioning.rotate_client_secret(
            parts, made.client.client_id, expires_at=None, former_until=_later(parts)
        )


def _name(word: str) -> str:
    """Of every client: who has to type the name of one to remove it types the right one."""
    return f"client-{word}"


async def _operators(parts: Installation, word: str) -> Access:
    """One who waits to be let in, and one who may come in."""
    asked = Wanted(uuid4(), f"operator-{word}", UserRole.AUDITOR, f"For {word}", LONGEST)
    await operator_accesses.ask(asked, now=parts.clock())
    urgent = asked._replace(operator_id=uuid4(), operator_name=f"urgent-{word}", emergency=True)
    return await operator_accesses.ask(urgent, now=parts.clock())


async def _written_down(parts: Installation, word: str) -> None:
    """A file that can be fetched, and one that comes."""
    wanted = await requests.request(
        parts, passphrase=f"the passphrase of {word}", signing_keys=False, actor=SYSTEM
    )
    await requests.write(parts, wanted.id)
    told = audit_exports.Wanted(audit_exports.LogFormat.CSV, bom=False, chosen={"text": word})
    await audit_log.write_here(parts, await audit_log.request(parts, told, actor=SYSTEM))
    coming = await arrivals.announce(
        parts,
        passphrase=f"the passphrase of {word}",
        slug=f"coming-{word}",
        hosts=False,
        check_only=True,
        actor=SYSTEM,
    )
    await arrivals.receive(parts, coming, 0, gzip.compress(word.encode()))


async def _asked_of(parts: Installation, word: str, member: User, chief: User) -> None:
    """Somebody who waits to act for another, and somebody who may."""
    by, now = Authority(audit.user(chief.id, chief.username), chief.role), parts.clock()
    _, allowed = [
        await impersonations.ask(member.id, f"For {word}", by=by, now=now) for _ in range(2)
    ]
    await impersonations.answer(allowed.id, member, allows=True, now=now)


async def _filed(parts: Installation, word: str, chief: User) -> None:
    """A file of people that comes, and one that was gone through for trial."""
    by = Authority(audit.user(chief.id, chief.username), chief.role)
    for job in ("send-mails", "end-the-rest"):
        await kept_jobs.bury(
            job, {"client_id": word}, now=parts.clock(), attempts=5, error="OSError", reason=word
        )
    now = parts.clock()
    query = f"search={word}"
    await saved_searches.save(chief.id, f"Of {word}", query, shared=True, now=now)
    leaver = await users.create(username=f"leaver-{word}", email=f"leaver@{word}.example")
    await erasure.perform(
        parts, (await person_erasures.begin(leaver.id, requested_by=word, now=parts.clock())).id
    )
    await erasure_proofs.certify(parts, leaver.id)
    files = [await user_imports.begin(parts, ["username", "email"], by=by) for _ in range(2)]
    for number, file in enumerate(files):
        lines = [
            (2, {"username": f"filed-{number}-{word}", "email": f"filed-{number}@{word}.example"}),
            (3, {"username": f"member-{word}", "email": f"chief@{word}.example"}),
        ]
        await user_imports.receive(parts, file.id, lines, by=by)
    await user_imports.start(parts, files[0].id, dry_run=True, by=by)


async def _logged(parts: Installation, word: str) -> None:
    """Seals and their check, what deserves a look, and somebody who is to be forgotten."""
    await Sealer(parts).step()
    await checking.begin(parts, actor=SYSTEM)
    await checking.go_on(parts)
    now = parts.clock()
    for number in range(3):
        finding = Finding(
            rule=Rule.QUOTA_REACHED,
            subject_type="quota",
            subject_id=f"{word}-{number}",
            first_at=now,
            at=now,
            last_at=now,
            details={"of": word},
        )
        await raise_all(parts, [finding], DEFAULTS)
    later = now + timedelta(days=300)
    await audit_erasures.ask(
        uuid4(), username=f"gone-{word}", email=f"gone@{word}.example", now=now, due_at=later
    )


async def _plugged(parts: Installation, word: str) -> None:
    """What a plugin goes by, and how it has failed."""
    config = {"networks": ["0.0.0.0/0", "::/0"], "told": f"Not from here, says {word}"}
    await set_plugin(parts, "networks", PluginChange(config=config))
    await set_plugin(parts, "household", PluginChange(config={"word": word}))
    failure = PluginFailure(
        plugin="networks",
        call="login_decided",
        outcome="failed",
        fault=f"ValueError in {word}",
        failures=1,
        failed_at=parts.clock(),
        paused_until=None,
    )
    await plugin_failures.note(failure)
    later = parts.clock() + timedelta(days=300)  # so that nobody moves it meanwhile
    await audit_feeds.keep(["networks"], heard=["networks"], now=later)


async def _hooked(parts: Installation, word: str) -> None:
    """Where events are sent, and one that was taken, one that was not and one that waits."""
    draft = EndpointDraft(f"hook-{word}", f"https://hooks.{word}.example/")
    endpoint, _ = await administering.add(parts, draft)
    await administering.add_secret(parts, endpoint.id, overlap=timedelta(days=2))
    now = parts.clock()
    # Nobody moves it meanwhile, and nothing is sent.
    await WebhookEndpointRow.filter(id=endpoint.id).update(seq=10**12)
    gone, _ = await administering.add(parts, draft._replace(name=f"gone-{word}"))
    await WebhookEndpointRow.filter(id=gone.id).update(paused_at=now, pause_reason=f"Of {word}")
    events = [Happened(1, uuid4(), "USER_CREATED", now, success=True) for _ in range(3)]
    await sendings.add(endpoint.id, events, now=now + timedelta(days=300))
    taken, refused, _ = await WebhookDelivery.all().order_by("id")
    for each, status in ((taken, DeliveryStatus.DELIVERED), (refused, DeliveryStatus.FAILED)):
        await WebhookDelivery.filter(id=each.id).update(status=status, answer=f"of {word}")
