"""When the jobs are due that come again."""

from authgate.jobs import (
    CheckDomains,
    DeliverLogouts,
    DeliverSlowWebhooks,
    DeliverWebhooks,
    EraseAccounts,
    EraseTenants,
    ExportAudit,
    FeedPlugins,
    FeedSlowPlugins,
    ForgetPeople,
    ImportUsers,
    Periodic,
    RaiseAlerts,
    ReadImport,
    RemoveExpired,
    RetireAudit,
    RollUpUsage,
    RotateKeys,
    SealAudit,
    SendMails,
    SettleAccesses,
    TakeUpJobs,
    VerifyAudit,
    WriteExport,
)
from authgate.settings import Settings

_LOGOUTS_SECONDS = 15.0
"""Between looks for clients that have to be told once more, or that a command has left to tell."""
_MAILS_SECONDS = 15.0
"""Between looks for mail that has to be tried once more, or that a command has left to send."""
_FEEDS_SECONDS = 5.0
"""Between looks for plugins that have to be told what has happened."""
_SLOW_FEEDS_SECONDS = 30.0
"""As long as one run takes up more of them: workers are not to be busy with several."""
_WEBHOOKS_SECONDS = 3.0
"""Between looks into logs for what is to be sent to whom."""
_SEALS_SECONDS = 1.0
"""For so long what is in an audit log can be changed unnoticed by who may write to the database."""
_ALERTS_SECONDS = 15.0
"""Between looks at what has come into audit logs, by the rules of alerts."""
_KEPT_SECONDS = 15.0
"""Between looks for jobs whose runner was killed, or that nobody was there to be asked for."""
_KEPT_LOGS_SECONDS = 300.0
"""Between looks for what leaves audit logs."""
_USAGE_SECONDS = 300.0
_ROTATIONS_SECONDS = 60.0
_ACCESSES_SECONDS = 15.0
"""How long somebody may still be a guest whose role as an operator was taken."""
_EXPORTS_SECONDS = 30.0
"""Between looks for files whose writer or reader was killed."""
_ERASURES_SECONDS = 30.0
"""Between looks for tenants whose time to be restored is over, and for the rest of large ones."""
_LEAVERS_SECONDS = 300.0
"""Between looks for people whose accounts are to be deleted."""
_DOMAINS_SECONDS = 900.0


def schedule(settings: Settings) -> tuple[Periodic, ...]:
    """The jobs that come again. One runner does each in a window."""
    return (
        Periodic(RemoveExpired(), settings.jobs.cleanup_seconds),
        Periodic(DeliverLogouts(), _LOGOUTS_SECONDS),
        Periodic(SendMails(), _MAILS_SECONDS),
        Periodic(FeedPlugins(), _FEEDS_SECONDS),
        Periodic(FeedSlowPlugins(), _SLOW_FEEDS_SECONDS),
        Periodic(DeliverWebhooks(), _WEBHOOKS_SECONDS),
        Periodic(DeliverSlowWebhooks(), _SLOW_FEEDS_SECONDS),
        Periodic(SealAudit(), _SEALS_SECONDS),
        Periodic(RaiseAlerts(), _ALERTS_SECONDS),
        Periodic(TakeUpJobs(), _KEPT_SECONDS),
        Periodic(RetireAudit(), _KEPT_LOGS_SECONDS),
        Periodic(ForgetPeople(), _KEPT_LOGS_SECONDS),
        Periodic(RollUpUsage(), _USAGE_SECONDS),
        Periodic(RotateKeys(), _ROTATIONS_SECONDS),
        Periodic(SettleAccesses(), _ACCESSES_SECONDS),
        Periodic(WriteExport(), _EXPORTS_SECONDS),
        Periodic(ExportAudit(), _EXPORTS_SECONDS),
        Periodic(VerifyAudit(), _EXPORTS_SECONDS),
        Periodic(ReadImport(), _EXPORTS_SECONDS),
        Periodic(ImportUsers(), _EXPORTS_SECONDS),
        Periodic(EraseTenants(), _ERASURES_SECONDS),
        Periodic(EraseAccounts(), _LEAVERS_SECONDS),
        Periodic(CheckDomains(), _DOMAINS_SECONDS),
    )
