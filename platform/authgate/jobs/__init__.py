"""What is done later: the jobs there are, the port that takes them, and what runs them.

A job travels by name with plain arguments, so a server can hand it to workers that it does not
know. Who does a job is told by the rooms above (``authgate.background``). Jobs are done at least
once: each is idempotent, and bounded in time.
"""

from authgate.jobs.catalogue import (
    JOBS,
    CheckDomains,
    DeliverLogouts,
    DeliverSlowWebhooks,
    DeliverWebhooks,
    EndTheRest,
    EraseAccounts,
    ErasePerson,
    EraseTenants,
    ExportAudit,
    FeedPlugins,
    FeedSlowPlugins,
    ForgetPeople,
    ImportUsers,
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
from authgate.jobs.handlers import BadArguments, Handlers, UnknownJob
from authgate.jobs.in_process import InProcessRunner
from authgate.jobs.job import JOB_SECONDS, Job, JobQueue, Periodic, QueueUnavailable
from authgate.jobs.keeping import Unfinished
from authgate.jobs.performer import Performer, Result

__all__ = [
    "JOBS",
    "JOB_SECONDS",
    "BadArguments",
    "CheckDomains",
    "DeliverLogouts",
    "DeliverSlowWebhooks",
    "DeliverWebhooks",
    "EndTheRest",
    "EraseAccounts",
    "ErasePerson",
    "EraseTenants",
    "ExportAudit",
    "FeedPlugins",
    "FeedSlowPlugins",
    "ForgetPeople",
    "Handlers",
    "ImportUsers",
    "InProcessRunner",
    "Job",
    "JobQueue",
    "Performer",
    "Periodic",
    "QueueUnavailable",
    "RaiseAlerts",
    "ReadImport",
    "RemoveExpired",
    "Result",
    "RetireAudit",
    "RollUpUsage",
    "RotateKeys",
    "SealAudit",
    "SendMails",
    "SettleAccesses",
    "TakeUpJobs",
    "Unfinished",
    "UnknownJob",
    "VerifyAudit",
    "WriteExport",
]
