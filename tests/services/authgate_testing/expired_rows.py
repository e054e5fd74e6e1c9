"""Rows whose time is over beside rows whose time is not, in two tenants."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import storage
from authgate.permissions import UserRole
from authgate.settings import DatabaseSettings
from authgate.storage.audit.alerts import AlertRow
from authgate.storage.audit.exports import AuditExportRow, LogFormat
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.initial_access_tokens import InitialAccessTokenRow
from authgate.storage.clients.rows import ClientRow
from authgate.storage.export_files import ExportPiece
from authgate.storage.grants.authorization_codes import AuthorizationCode
from authgate.storage.grants.authorization_requests import AuthorizationRequestRow
from authgate.storage.grants.device_codes import DeviceCode
from authgate.storage.grants.spent_jtis import SpentJti
from authgate.storage.idempotent_requests import IdempotentRequest
from authgate.storage.issued import tokens
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.issued.tokens import NewToken, Token, TokenCategory
from authgate.storage.jobs.kept_jobs import KeptJobRow, KeptState
from authgate.storage.mail.mails import Mail
from authgate.storage.metering.active_users import ActiveUser
from authgate.storage.metering.usage_days import Measure
from authgate.storage.metering.usage_hours import UsageHour
from authgate.storage.people import users
from authgate.storage.people.impersonations import ImpersonationRow
from authgate.storage.people.invitations import InvitationRow
from authgate.storage.people.mailed_links import MailedLinkRow
from authgate.storage.people.operator_accesses import OperatorAccess
from authgate.storage.people.scim_tokens import ScimTokenRow
from authgate.storage.people.user_imports import UserImportLine, UserImportRow
from authgate.storage.sign_in.login_failures import LoginFailure
from authgate.storage.sign_in.logout_deliveries import LogoutDelivery
from authgate.storage.sign_in.remembered_devices import RememberedDeviceRow
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.storage.sign_in.sessions import Session
from authgate.storage.tenants.exports import ExportRow
from authgate.storage.tenants.imports import ImportPiece, ImportRow
from authgate.storage.tenants.sign_ups import SignUpRow
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.vocabulary import (
    AccessState,
    DeliveryStatus,
    LinkPurpose,
    MailPurpose,
    MailStatus,
    Severity,
)
from authgate_tenants import Tenant, TenantOwned, TenantSettings, TenantStatus, use_tenant
from authgate_testing.tenants import create_tenant

_TABLES: tuple[type[TenantOwned], ...] = (
    AuthorizationCode,
    AuthorizationRequestRow,
    ClientRow,
    DeviceCode,
    InitialAccessTokenRow,
    ScimTokenRow,
    IdempotentRequest,
    ImpersonationRow,
    InvitationRow,
    LoginFailure,
    LogoutDelivery,
    KeptJobRow,
    Mail,
    MailedLinkRow,
    ActiveUser,
    AlertRow,
    AuditExportRow,
    ExportPiece,
    ExportRow,
    ImportPiece,
    ImportRow,
    OperatorAccess,
    RefreshToken,
    RememberedDeviceRow,
    Session,
    SessionClient,
    SignUpRow,
    SpentJti,
    Token,
    UsageHour,
    UserImportLine,
    UserImportRow,
    WebhookDelivery,
)

OVER = {table._meta.db_table: 1 for table in _TABLES}
"""Rows of each table and tenant that are to be removed."""

STAYING = {table._meta.db_table: 2 for table in _TABLES}
"""Rows of each table and tenant that are to be left alone."""

_number = count()


@dataclass(frozen=True, slots=True)
class ExpiredRows:
    """What was stored, and what of it is left."""

    settings: DatabaseSettings
    tenants: tuple[Tenant, Tenant]

    async def left(self) -> list[dict[str, int]]:
        """Rows of each table, by tenant. Opens the database for itself."""
        async with storage.opened(self.settings):
            return [await _counted(tenant) for tenant in self.tenants]

    async def are_gone(self) -> bool:
        """Whether all that was over has been removed, and nothing else. Asked often, by whoever
        waits for it: it looks no further than to what is not as it is to be."""
        async with storage.opened(self.settings):
            for tenant in self.tenants:
                with use_tenant(tenant):
                    for table in _TABLES:
                        if await table.all().count() != STAYING[table._meta.db_table]:
                            return False
        return True

    async def some_are_gone(self, stored: int) -> bool:
        """Whether of so many more tokens some have been removed, but not all."""
        async with storage.opened(self.settings):
            with use_tenant(self.tenants[0]):
                return STAYING["tokens"] < await Token.all().count() < stored

    async def more_tokens(self, amount: int, *, now: datetime) -> None:
        """Store expired tokens of the first tenant, many at once."""
        async with storage.opened(self.settings):
            with use_tenant(self.tenants[0]):
                rows = [tokens.row(_new_token(now - timedelta(days=2))) for _ in range(amount)]
                for start in range(0, amount, 500):
                    await storage.append(*rows[start : start + 500])


async def store_expired_rows(settings: DatabaseSettings, *, now: datetime) -> ExpiredRows:
    """Store two tenants with rows of every kind."""
    async with storage.opened(settings):
        tenants = (await _tenant("acme"), await _tenant("globex"))
        for tenant in tenants:
            with use_tenant(tenant):
                await clients.create(
                    ClientDraft(
                        client_id="cli",
                        name="CLI",
                        grant_types=[],
                        scopes=[],
                        public=True,
                    ),
                )
                for expires_at in (now - timedelta(hours=1), now + timedelta(hours=1)):
                    await clients.create(_registered(expires_at))
                person = await users.create(username="alice")
                for row in _rows(now, person.id):
                    await row.save(force_create=True)
    return ExpiredRows(settings, tenants)


async def _tenant(slug: str) -> Tenant:
    name, slug = slug.title(), f"{slug}-{next(_number)}"
    row = await create_tenant(slug=slug, name=name)
    return Tenant(
        id=row.id,
        slug=slug,
        name=name,
        status=TenantStatus.ACTIVE,
        issuer=f"https://id.example/t/{slug}",
        prefix=f"/t/{slug}",
        settings=TenantSettings(),
    )


async def _counted(tenant: Tenant) -> dict[str, int]:
    with use_tenant(tenant):
        return {table._meta.db_table: await table.all().count() for table in _TABLES}


def _rows(now: datetime, user_id: UUID) -> list[TenantOwned]:
    hour, day = timedelta(hours=1), timedelta(days=1)
    return [
        _device_code(now - 2 * hour),
        _device_code(now - hour / 2),  # kept for a late poll
        _device_code(now + hour),
        *(_session_client(now + shift) for shift in (-hour, hour, day)),
        *(_logout_delivery(now + shift) for shift in (-hour, hour, day)),
        *(_sent(now + shift) for shift in (-hour, hour, day)),
        *(_mail(now + shift) for shift in (-hour, hour, day)),
        *(_given_up(now + shift) for shift in (-hour, hour, day)),
        *(_export(now + shift) for shift in (-hour, hour, day)),
        *(_audit_export(now + shift) for shift in (-hour, hour, day)),
        *(_alert(now + shift) for shift in (-hour, hour, day)),
        *(_export_piece(now + shift) for shift in (-hour, hour, day)),
        *(_impersonation(now + shift) for shift in (-91 * day, -day, day)),
        *(_user_import(now + shift) for shift in (-hour, hour, day)),
        *(_user_import_line(now + shift) for shift in (-hour, hour, day)),
        *(_import(now + shift) for shift in (-hour, hour, day)),
        *(_import_piece(now + shift) for shift in (-hour, hour, day)),
        *(_sign_up(now + shift) for shift in (-hour, hour, day)),
        *(_operator_access(now + shift) for shift in (-91 * day, -89 * day, hour)),
        *(_invitation(now + shift) for shift in (-hour, hour, day)),
        *(_remembered_device(now + shift, user_id) for shift in (-hour, hour, day)),
        *(_mailed_link(now + shift) for shift in (-hour, hour, day)),
        _session(now - hour, user_id),
        _session(now + hour, user_id),
        _session(now + 30 * day, user_id),
        _token(now - hour),
        _token(now + hour),
        _token(now + day),
        _failure(now - 31 * day, locked_until=now - 30 * day),
        _failure(now - 31 * day, locked_until=now + 36500 * day),  # an administrator's to open
        _failure(now - day, locked_until=None),
        _authorization_request(now - hour),
        _authorization_request(now + hour),
        _authorization_request(now + hour),
        _authorization_code(now - 2 * day, user_id),
        _authorization_code(now - hour, user_id),  # kept to know it where it comes back
        _authorization_code(now + hour, user_id),
        _refresh_token(now - hour, user_id),
        _refresh_token(now + hour, user_id),
        _refresh_token(now + 30 * day, user_id),
        _initial_access_token(now - hour),
        _initial_access_token(now + hour),
        _initial_access_token(now + day),
        _scim_token(now - hour),
        _scim_token(now + hour),
        _scim_token(now + day),
        _idempotent_request(now - hour),
        _idempotent_request(now + hour),
        _idempotent_request(now + hour),
        *(
            ActiveUser(month=now.date(), user_id=uuid7(), expires_at=now + shift)
            for shift in (-hour, hour, day)
        ),
        *(
            UsageHour(measure=Measure.TOKENS, hour=now + shift, total=1, expires_at=now + shift)
            for shift in (-hour, hour, day)
        ),
        _spent_jti(now - hour),
        _spent_jti(now + hour),
        _spent_jti(now + hour),
    ]


def _hash() -> bytes:
    return next(_number).to_bytes(32)


def _idempotent_request(expires_at: datetime) -> IdempotentRequest:
    return IdempotentRequest(
        key_hash=_hash(),
        fingerprint=_hash(),
        attempt=uuid7(),
        begun_at=expires_at - timedelta(days=1),
        answer=b"",
        expires_at=expires_at,
    )


def _device_code(expires_at: datetime) -> DeviceCode:
    return DeviceCode(
        device_code_hash=_hash(),
        user_code_hash=_hash(),
        client_id="cli",
        scope="openid",
        poll_interval=5,
        ip="203.0.113.7",
        created_at=expires_at - timedelta(minutes=15),
        expires_at=expires_at,
    )


def _authorization_request(expires_at: datetime) -> AuthorizationRequestRow:
    return AuthorizationRequestRow(
        handle_hash=_hash(),
        client_id="cli",
        parameters={},
        created_at=expires_at - timedelta(hours=1),
        expires_at=expires_at,
    )


def _authorization_code(expires_at: datetime, user_id: UUID) -> AuthorizationCode:
    return AuthorizationCode(
        code_hash=_hash(),
        client_id="cli",
        user_id=user_id,
        session_id=uuid7(),
        redirect_uri="https://app.example/callback",
        redirect_uri_given=True,
        scope="openid",
        authentication={},
        created_at=expires_at - timedelta(minutes=1),
        expires_at=expires_at,
    )


def _refresh_token(ends_at: datetime, user_id: UUID) -> RefreshToken:
    return RefreshToken(
        family_id=uuid7(),
        token_hash=_hash(),
        client_id="cli",
        user_id=user_id,
        scope="openid",
        grant_type="authorization_code",
        authentication={},
        created_at=ends_at - timedelta(days=90),
        expires_at=ends_at,
        ends_at=ends_at,
    )


def _registered(expires_at: datetime) -> ClientDraft:
    return ClientDraft(name="Registered", grant_types=[], public=True, expires_at=expires_at)


def _initial_access_token(expires_at: datetime) -> InitialAccessTokenRow:
    return InitialAccessTokenRow(
        token_hash=_hash(), uses_left=1, created_at=expires_at, expires_at=expires_at
    )


def _scim_token(expires_at: datetime) -> ScimTokenRow:
    return ScimTokenRow(
        description="x",
        token_hash=_hash(),
        created_by="x",
        created_at=expires_at,
        expires_at=expires_at,
    )


def _spent_jti(expires_at: datetime) -> SpentJti:
    return SpentJti(jti_hash=_hash(), expires_at=expires_at)


def _session_client(expires_at: datetime) -> SessionClient:
    return SessionClient(
        session_id=uuid7(), client_id="cli", subject="somebody", expires_at=expires_at
    )


def _logout_delivery(expires_at: datetime) -> LogoutDelivery:
    at = expires_at - timedelta(days=30)
    return LogoutDelivery(
        session_id=uuid7(),
        client_id="cli",
        subject="somebody",
        status=DeliveryStatus.DELIVERED,
        created_at=at,
        next_attempt_at=at,
        ended_at=at,
        expires_at=expires_at,
    )


def _sent(expires_at: datetime) -> WebhookDelivery:
    at = expires_at - timedelta(days=30)
    return WebhookDelivery(
        endpoint_id=uuid7(),
        event_id=uuid7(),
        event_type="USER_CREATED",
        occurred_at=at,
        status=DeliveryStatus.DELIVERED,
        created_at=at,
        begun_at=at,
        next_attempt_at=at,
        ended_at=at,
        expires_at=expires_at,
    )


def _mail(expires_at: datetime) -> Mail:
    at = expires_at - timedelta(days=30)
    return Mail(
        purpose=MailPurpose.TEST,
        recipient="somebody@acme.example",
        status=MailStatus.SENT,
        created_at=at,
        next_attempt_at=at,
        ended_at=at,
        expires_at=expires_at,
    )


def _given_up(expires_at: datetime) -> KeptJobRow:
    at = expires_at - timedelta(days=30)
    return KeptJobRow(
        name="send-mails",
        state=KeptState.FAILED,
        created_at=at,
        touched_at=at,
        due_at=at,
        expires_at=expires_at,
    )


def _export(expires_at: datetime) -> ExportRow:
    at = expires_at - timedelta(days=1)
    return ExportRow(
        signing_keys=False,
        requested_by="alice",
        created_at=at,
        touched_at=at,
        expires_at=expires_at,
    )


def _alert(expires_at: datetime) -> AlertRow:
    return AlertRow(
        rule="quota-reached",
        subject_type="quota",
        subject_id="users",
        window_at=expires_at,
        severity=Severity.WARNING,
        events=1,
        first_at=expires_at,
        at=expires_at,
        last_at=expires_at,
        raised_at=expires_at,
        expires_at=expires_at,
    )


def _audit_export(expires_at: datetime) -> AuditExportRow:
    return AuditExportRow(
        format=LogFormat.CSV,
        chosen={},
        until=expires_at,
        requested_by="mira",
        requester_type="user",
        requester_id="mira",
        created_at=expires_at,
        touched_at=expires_at,
        expires_at=expires_at,
    )


def _export_piece(expires_at: datetime) -> ExportPiece:
    return ExportPiece(attempt=uuid7(), number=0, content=b"{}", expires_at=expires_at)


def _impersonation(ends_at: datetime) -> ImpersonationRow:
    return ImpersonationRow(
        user_id=uuid7(),
        actor_id=uuid7(),
        actor_name="mira",
        reason="Ticket 7",
        state=AccessState.ASKED,
        asked_at=ends_at - timedelta(hours=1),
        ends_at=ends_at,
    )


def _user_import(expires_at: datetime) -> UserImportRow:
    at = expires_at - timedelta(days=3)
    return UserImportRow(
        columns=["username"],
        requested_by="mira",
        requester_type="user",
        requester_id="mira",
        requester_role=UserRole.ADMIN,
        created_at=at,
        touched_at=at,
        expires_at=expires_at,
    )


def _user_import_line(expires_at: datetime) -> UserImportLine:
    return UserImportLine(import_id=uuid7(), number=2, cells={}, expires_at=expires_at)


def _import(expires_at: datetime) -> ImportRow:
    at = expires_at - timedelta(days=1)
    return ImportRow(
        hosts=False,
        check_only=False,
        requested_by="mira",
        requester="mira",
        created_at=at,
        touched_at=at,
        expires_at=expires_at,
    )


def _import_piece(expires_at: datetime) -> ImportPiece:
    return ImportPiece(import_id=uuid7(), number=0, content=b"{}", expires_at=expires_at)


def _sign_up(expires_at: datetime) -> SignUpRow:
    return SignUpRow(
        token_hash=_hash(),
        email="somebody@acme.example",
        created_at=expires_at - timedelta(days=1),
        expires_at=expires_at,
    )


def _operator_access(ends_at: datetime) -> OperatorAccess:
    return OperatorAccess(
        operator_id=uuid7(),
        operator_name="mira",
        role=UserRole.AUDITOR,
        reason="Ticket 4711",
        state=AccessState.OVER,
        asked_at=ends_at - timedelta(hours=2),
        ends_at=ends_at,
    )


def _invitation(expires_at: datetime) -> InvitationRow:
    return InvitationRow(
        token_hash=_hash(),
        email="somebody@acme.example",
        canonical_email="somebody@acme.example",
        role=UserRole.USER,
        invited_by="alice",
        created_at=expires_at - timedelta(days=30),
        ends_at=expires_at - timedelta(days=23),
        expires_at=expires_at,
    )


def _mailed_link(expires_at: datetime) -> MailedLinkRow:
    return MailedLinkRow(
        token_hash=_hash(),
        purpose=LinkPurpose.PASSWORD,
        created_at=expires_at - timedelta(minutes=10),
        expires_at=expires_at,
    )


def _session(expires_at: datetime, user_id: UUID) -> Session:
    return Session(
        key_hash=_hash(),
        user_id=user_id,
        csrf_key=_hash(),
        amr=["pwd"],
        ip="203.0.113.7",
        authenticated_at=expires_at - timedelta(hours=12),
        last_seen_at=expires_at - timedelta(hours=12),
        idle_expires_at=expires_at,
        expires_at=expires_at,
    )


def _remembered_device(expires_at: datetime, user_id: UUID) -> RememberedDeviceRow:
    since = expires_at - timedelta(days=30)
    return RememberedDeviceRow(
        user_id=user_id,
        key_hash=_hash(),
        password_mark=_hash(),
        ip="203.0.113.7",
        created_at=since,
        last_used_at=since,
        expires_at=expires_at,
    )


def _token(expires_at: datetime) -> Token:
    return Token(
        category=TokenCategory.ACCESS,
        token_hash=_hash(),
        client_id="cli",
        scope="openid",
        grant_type="client_credentials",
        created_at=expires_at - timedelta(hours=1),
        expires_at=expires_at,
    )


def _new_token(expires_at: datetime) -> NewToken:
    return NewToken(
        jti=str(uuid7()),
        category=TokenCategory.ACCESS,
        token="opaque",
        client_id="cli",
        user_id=None,
        family_id=None,
        scope="openid",
        grant_type="client_credentials",
        created_at=expires_at - timedelta(hours=1),
        expires_at=expires_at,
    )


def _failure(last_attempt_at: datetime, *, locked_until: datetime | None) -> LoginFailure:
    return LoginFailure(
        account_hash=_hash(),
        failures=6,
        last_attempt_at=last_attempt_at,
        locked_until=locked_until,
    )
