"""Every job there is."""

from dataclasses import dataclass
from typing import ClassVar

from authgate.jobs.job import Job


@dataclass(frozen=True, slots=True)
class RemoveExpired(Job):
    """Remove codes, sessions, tokens and old failures whose time is over, of every tenant."""

    name: ClassVar[str] = "remove-expired"
    seconds: ClassVar[float] = 600.0


@dataclass(frozen=True, slots=True)
class DeliverLogouts(Job):
    """Tell clients of sessions that are over: of one tenant, or of all that have some to tell."""

    name: ClassVar[str] = "deliver-logouts"


@dataclass(frozen=True, slots=True)
class SendMails(Job):
    """Hand mail to its server: of one tenant, or of all that have some to send."""

    name: ClassVar[str] = "send-mails"


@dataclass(frozen=True, slots=True)
class FeedPlugins(Job):
    """Tell plugins what has happened: of one tenant, or of all that have some to be told."""

    name: ClassVar[str] = "feed-plugins"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class FeedSlowPlugins(Job):
    """The same of plugins that took long the last time: nobody else waits for them."""

    name: ClassVar[str] = "feed-slow-plugins"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DeliverWebhooks(Job):
    """Send what has happened to whom it is wanted by: of one tenant, or of all."""

    name: ClassVar[str] = "deliver-webhooks"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DeliverSlowWebhooks(Job):
    """The same to those that took long the last time: nobody else waits for them."""

    name: ClassVar[str] = "deliver-slow-webhooks"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SealAudit(Job):
    """Seal what has come into audit logs: of one tenant, or of all in which something waits."""

    name: ClassVar[str] = "seal-audit"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class RaiseAlerts(Job):
    """Look at what has come into audit logs by the rules of alerts: of one tenant, or of all."""

    name: ClassVar[str] = "raise-alerts"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class RetireAudit(Job):
    """Remove events that audit logs need not keep any longer: of one tenant, or of all."""

    name: ClassVar[str] = "retire-audit"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class VerifyAudit(Job):
    """Go on checking that an audit log is as it was sealed: of one tenant, or of all that want
    it."""

    name: ClassVar[str] = "verify-audit"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ForgetPeople(Job):
    """Have audit logs tell nothing more of people who are gone: of one tenant, or of all."""

    name: ClassVar[str] = "forget-people"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ErasePerson(Job):
    """Remove what is a person's, whom somebody wants to be erased."""

    name: ClassVar[str] = "erase-person"
    while_suspended: ClassVar[bool] = True

    erasure_id: str = ""


@dataclass(frozen=True, slots=True)
class EndTheRest(Job):
    """End what a client or a person still has of very many tokens that are good no longer."""

    name: ClassVar[str] = "end-the-rest"
    while_suspended: ClassVar[bool] = True

    client_id: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class TakeUpJobs(Job):
    """Ask once more for what is kept and was not done: who was asked before may be gone."""

    name: ClassVar[str] = "take-up-jobs"


@dataclass(frozen=True, slots=True)
class RotateKeys(Job):
    """Let the next keys sign where those before have signed for as long as their tenants want."""

    name: ClassVar[str] = "rotate-keys"


@dataclass(frozen=True, slots=True)
class RollUpUsage(Job):
    """Add up what tenants have used on days that are over: of one, or of all that are behind."""

    name: ClassVar[str] = "roll-up-usage"
    while_suspended: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SettleAccesses(Job):
    """Let operators be at tenants no longer whose time is over, or who are none any more."""

    name: ClassVar[str] = "settle-accesses"


@dataclass(frozen=True, slots=True)
class WriteExport(Job):
    """Write a file of a tenant that one of its owners has asked for."""

    name: ClassVar[str] = "write-export"
    has_file: ClassVar[bool] = True
    seconds: ClassVar[float] = 600.0
    """It writes for less than a minute. The rest is for reading what was written before."""

    export_id: str = ""


@dataclass(frozen=True, slots=True)
class ExportAudit(Job):
    """Write a file of a tenant's audit log that somebody has asked for."""

    name: ClassVar[str] = "export-audit"
    has_file: ClassVar[bool] = True
    seconds: ClassVar[float] = 600.0
    """As of ``WriteExport``."""

    export_id: str = ""


@dataclass(frozen=True, slots=True)
class ReadImport(Job):
    """Read a tenant's file in that operators have sent, all of it at once and one at a time."""

    name: ClassVar[str] = "read-import"
    has_file: ClassVar[bool] = True
    seconds: ClassVar[float] = 3600.0

    import_id: str = ""


@dataclass(frozen=True, slots=True)
class ImportUsers(Job):
    """Go on with a file of people that an administrator has sent."""

    name: ClassVar[str] = "import-users"
    has_file: ClassVar[bool] = True

    import_id: str = ""


@dataclass(frozen=True, slots=True)
class EraseTenants(Job):
    """Erase the tenants whose time to be restored is over."""

    name: ClassVar[str] = "erase-tenants"


@dataclass(frozen=True, slots=True)
class EraseAccounts(Job):
    """Delete the accounts of people who leave, and may think better of it no longer."""

    name: ClassVar[str] = "erase-accounts"


@dataclass(frozen=True, slots=True)
class CheckDomains(Job):
    """Look again for the proofs of hosts that answer for tenants."""

    name: ClassVar[str] = "check-domains"


JOBS: tuple[type[Job], ...] = (
    RemoveExpired,
    DeliverLogouts,
    SendMails,
    FeedPlugins,
    FeedSlowPlugins,
    DeliverWebhooks,
    DeliverSlowWebhooks,
    SealAudit,
    RaiseAlerts,
    RetireAudit,
    VerifyAudit,
    ForgetPeople,
    ErasePerson,
    EndTheRest,
    TakeUpJobs,
    WriteExport,
    ExportAudit,
    ReadImport,
    ImportUsers,
    RollUpUsage,
    RotateKeys,
    SettleAccesses,
    EraseTenants,
    EraseAccounts,
    CheckDomains,
)
