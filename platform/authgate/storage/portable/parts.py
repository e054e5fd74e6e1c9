"""What a tenant's file holds of each table, and why some have no place in it.

Every model is here once, exported or left out with a reason; a test holds that. Rows come in the
order of the parts, those that others refer to first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tortoise.models import Model

from authgate.storage.audit.alerts import AlertRow
from authgate.storage.audit.audit_erasures import AuditErasureRow
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.audit_feeds import AuditFeedRow
from authgate.storage.audit.audit_logs import AuditLogRow
from authgate.storage.audit.audit_seals import AuditSealRow
from authgate.storage.audit.exports import AuditExportRow
from authgate.storage.audit.saved_searches import SavedSearchRow
from authgate.storage.clients.initial_access_tokens import InitialAccessTokenRow
from authgate.storage.clients.rows import ClientRow
from authgate.storage.export_files import ExportPiece
from authgate.storage.grants.authorization_codes import AuthorizationCode
from authgate.storage.grants.authorization_requests import AuthorizationRequestRow
from authgate.storage.grants.consents import Consent
from authgate.storage.grants.device_codes import DeviceCode
from authgate.storage.grants.spent_jtis import SpentJti
from authgate.storage.idempotent_requests import IdempotentRequest
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.issued.tokens import Token
from authgate.storage.jobs.kept_jobs import KeptJobRow
from authgate.storage.jobs.periodic_jobs import PeriodicJobRow
from authgate.storage.keys.pairwise_secrets import PairwiseSecret
from authgate.storage.keys.signing_key_steps import SigningKeyStep
from authgate.storage.keys.signing_keys import SigningKey
from authgate.storage.mail.mail_servers import MailServerRow
from authgate.storage.mail.mails import Mail
from authgate.storage.metering.active_users import ActiveUser
from authgate.storage.metering.installation_days import InstallationDay
from authgate.storage.metering.usage_days import UsageDay, UsageMark
from authgate.storage.metering.usage_entries import UsageEntry
from authgate.storage.metering.usage_hours import UsageHour
from authgate.storage.metering.usage_statements import UsageStatementRow
from authgate.storage.people.account_deletions import AccountDeletionRow
from authgate.storage.people.group_members import GroupMemberRow
from authgate.storage.people.groups import GroupRow
from authgate.storage.people.impersonations import ImpersonationRow
from authgate.storage.people.invitations import InvitationRow
from authgate.storage.people.mailed_links import MailedLinkRow
from authgate.storage.people.operator_accesses import OperatorAccess
from authgate.storage.people.person_erasures import PersonErasureRow
from authgate.storage.people.scim_tokens import ScimTokenRow
from authgate.storage.people.user_imports import UserImportLine, UserImportRow
from authgate.storage.people.users import UserRow
from authgate.storage.portable.columns import Column, columns_of
from authgate.storage.sign_in.connections import ConnectionRow
from authgate.storage.sign_in.external_identities import ExternalIdentityRow
from authgate.storage.sign_in.login_failures import LoginFailure
from authgate.storage.sign_in.logout_deliveries import LogoutDelivery
from authgate.storage.sign_in.passkeys import PasskeyRow
from authgate.storage.sign_in.recovery_codes import RecoveryCodeRow
from authgate.storage.sign_in.remembered_devices import RememberedDeviceRow
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.storage.sign_in.sessions import Session
from authgate.storage.sign_in.totp_secrets import TotpSecretRow
from authgate.storage.tenants.exports import ExportRow
from authgate.storage.tenants.imports import ImportPiece, ImportRow
from authgate.storage.tenants.logos import LogoRow
from authgate.storage.tenants.plugin_failures import PluginFailureRow
from authgate.storage.tenants.plugin_settings import PluginSettingsRow
from authgate.storage.tenants.scopes import ScopeRow
from authgate.storage.tenants.settings_versions import SettingsVersionRow
from authgate.storage.tenants.sign_ups import SignUpRow
from authgate.storage.webhooks.endpoints import WebhookEndpointRow
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate_tenants.models import (
    AnnouncementRow,
    DomainClaim,
    PlanRow,
    TenantDataKey,
    TenantDeletion,
    TenantDomain,
    TenantRow,
)

HANDLING = ("TENANT_EXPORTED", "TENANT_IMPORTED")
"""Events that tell of files: they stay where they happened, or no file would be like its copy."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the tenant's data key has sealed a column for, by the row's columns."""

    kind: str
    object_id: str


@dataclass(frozen=True)
class Part:
    """What a file holds of one table."""

    model: type[Model]
    secret: frozenset[str] = frozenset()
    """Columns that hold hashes of secrets: for nobody but who knows the file's passphrase."""
    sealed: Mapping[str, Place] = field(default_factory=dict)
    """Columns that the tenant's data key seals: opened for the file, and sealed anew from it."""
    only: str = ""
    """A condition of SQL's, of the tenant ``$1``: other rows stay."""
    needs_secrets: bool = False
    """Whether its rows are good for nothing without their secrets."""
    is_of_signing_keys: bool = False
    """Whether it is there on request alone."""
    is_of_hosts: bool = False
    """Whether its rows say that a host was proven, which the next installation may not believe."""
    is_for_readers: bool = False
    """Whether its rows are for whoever checks the file, and nothing that the next installation
    takes."""
    unproven: Mapping[str, str | None] = field(default_factory=dict)
    """What its columns hold, as JSON, where the next installation does not believe it."""
    anew: Mapping[str, str | int | None] = field(default_factory=dict)
    """What its columns hold at first at any other installation, which fills them by itself."""

    @cached_property
    def table(self) -> str:
        """The table, and the name of the part."""
        return self.model._meta.db_table  # noqa: SLF001  # Tortoise offers no other way

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Its columns, by name."""
        return columns_of(self.model)

    @property
    def hidden(self) -> frozenset[str]:
        """Columns that a file without secrets has not got."""
        return self.secret | self.sealed.keys()


def _hashes(*columns: str) -> frozenset[str]:
    return frozenset(columns)


_GUESTS = "(SELECT id FROM users WHERE tenant_id = $1 AND guest_until IS NOT NULL)"
_NO_GUESTS = f"user_id NOT IN {_GUESTS}"
_NO_GUEST_SESSIONS = (
    "session_id NOT IN (SELECT id FROM browser_sessions WHERE tenant_id = $1"  # noqa: S608
    f" AND user_id IN {_GUESTS})"
)

EXPORTED = (
    Part(UserRow, secret=_hashes("password_hash")),
    Part(
        ClientRow,
        secret=_hashes("secret_hash", "former_secret_hash", "registration_token_hash"),
        sealed={
            "sealed_secret": Place("client-secret", "{client_id}"),
            "former_sealed_secret": Place("client-secret", "{client_id}"),
        },
    ),
    Part(ScopeRow),
    Part(
        ConnectionRow,
        sealed={"sealed_secrets": Place("connection", "{id}")},
        needs_secrets=True,
    ),
    Part(ExternalIdentityRow),
    Part(AccountDeletionRow),
    # From the beginning: the places in the log are others.
    Part(AuditErasureRow, anew={"position": 0, "until": 0}),
    Part(PersonErasureRow),
    Part(SavedSearchRow, only=_NO_GUESTS),
    Part(GroupRow),
    Part(GroupMemberRow),
    Part(InvitationRow, secret=_hashes("token_hash"), needs_secrets=True),
    Part(MailServerRow, sealed={"sealed_password": Place("mail-server", "{id}")}),
    Part(
        PluginSettingsRow,
        sealed={"sealed_secrets": Place("plugin-settings", "{id}")},
        needs_secrets=True,
    ),
    Part(
        WebhookEndpointRow,
        sealed={"sealed_secrets": Place("webhook-endpoint", "{id}")},
        needs_secrets=True,
        # What is in the log came with it: it is told of what happens there.
        anew={
            "seq": None,
            "since": None,
            "looked_at": None,
            "failures": 0,
            "failing_since": None,
            "not_before": None,
        },
    ),
    Part(Consent),
    Part(
        InitialAccessTokenRow,
        secret=_hashes("token_hash"),
        needs_secrets=True,
    ),
    Part(ScimTokenRow, secret=_hashes("token_hash"), needs_secrets=True),
    Part(
        Session,
        secret=_hashes("key_hash", "csrf_key"),
        only=_NO_GUESTS,
        needs_secrets=True,
    ),
    Part(SessionClient, only=_NO_GUEST_SESSIONS, needs_secrets=True),
    Part(TotpSecretRow, sealed={"sealed_secret": Place("totp", "{user_id}")}, needs_secrets=True),
    Part(
        PasskeyRow,
        secret=_hashes("user_handle", "credential_id", "public_key"),
        needs_secrets=True,
    ),
    Part(RecoveryCodeRow, secret=_hashes("code_hash"), needs_secrets=True),
    Part(
        RememberedDeviceRow,
        secret=_hashes("key_hash", "password_mark"),
        needs_secrets=True,
    ),
    Part(
        RefreshToken,
        secret=_hashes("token_hash", "successor"),
        only=_NO_GUESTS,
        needs_secrets=True,
    ),
    Part(
        Token,
        secret=_hashes("token_hash"),
        only=f"(user_id IS NULL OR {_NO_GUESTS})",
        needs_secrets=True,
    ),
    Part(SpentJti, secret=_hashes("jti_hash"), needs_secrets=True),
    Part(LoginFailure, secret=_hashes("account_hash", "place_of"), needs_secrets=True),
    Part(PairwiseSecret, sealed={"sealed": Place("pairwise-secret", "")}, needs_secrets=True),
    Part(
        SigningKey,
        sealed={"sealed_private": Place("signing-key/{algorithm}", "{kid}")},
        needs_secrets=True,
        is_of_signing_keys=True,
    ),
    Part(
        SigningKeyStep,
        sealed={"sealed": Place("signing-key-step", "{kid}/{state}")},
        needs_secrets=True,
        is_of_signing_keys=True,
    ),
    Part(
        DomainClaim,
        # What is due is looked for at hosts that are proven, and would be due for ever.
        unproven={"proof": "", "checked_at": None, "missing_since": None, "due_at": None},
    ),
    Part(TenantDomain, is_of_hosts=True),
    Part(SettingsVersionRow),
    Part(LogoRow),
    Part(ActiveUser),
    Part(UsageDay),
    Part(UsageEntry),
    Part(UsageMark),
    Part(UsageStatementRow),
    Part(AuditSealRow, is_for_readers=True),
    Part(
        AuditEvent,
        only=f"event_type NOT IN {HANDLING}",
        # The next installation seals by its own keys what has come.
        anew={"seq": None, "salt": None, "commitment": None, "erased_at": None},
    ),
)
"""Parts of a file, in their order."""

TENANT = TenantRow
"""The tenant itself is the head of the file."""

STAYS = frozenset({"plan"})
"""Of its columns those that the next installation fills by itself: it has plans of its own, and no
file gives itself one."""

LEFT_OUT: Mapping[type[Model], str] = {
    AlertRow: "what this installation has told of the log, which is in the file itself",
    AnnouncementRow: "what this installation's operators tell everybody here",
    AuditLogRow: "when this installation looks for what a log need not keep",
    AuditExportRow: "a file of the log, which is in this one itself",
    AuditFeedRow: "plugins of this installation are told by it of all that happens here",
    AuthorizationCode: "lives for a minute: whoever was signing in begins once more",
    AuthorizationRequestRow: "lives for ten minutes: whoever was signing in begins once more",
    DeviceCode: "lives for a quarter of an hour: the device shows another one",
    ExportPiece: "a part of such a file, or of one of the log",
    ExportRow: "such a file itself",
    ImportPiece: "a part of such a file, on its way in",
    ImportRow: "such a file, on its way in",
    IdempotentRequest: "answers of this installation's own API",
    LogoutDelivery: "clients are told of a logout by the installation at which it happened",
    Mail: "is sent by the installation that wrote it",
    MailedLinkRow: "is good for minutes: whoever has forgotten a password asks for another one",
    OperatorAccess: "operators of this installation are nobody at the next one",
    KeptJobRow: "what is still to be done here",
    InstallationDay: "what all tenants here came to together",
    PeriodicJobRow: "when jobs were done here",
    PluginFailureRow: "what failed here",
    PlanRow: "the next installation has plans of its own, and an operator there gives one",
    SignUpRow: "who signs up does so at one installation",
    TenantDataKey: "never leaves its installation: the next one makes its own and seals by it",
    ImpersonationRow: "who acts for whom does so in a browser of this installation",
    UserImportLine: "a line of a file of people, on its way in",
    UserImportRow: "such a file",
    WebhookDelivery: "is sent by the installation at which it happened",
    TenantDeletion: "the installation's own record of tenants that leave",
    UsageHour: "sums of the last days, of what has happened here",
}
"""Models of which a file holds nothing, and why."""
