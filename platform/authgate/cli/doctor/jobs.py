"""What is done later: that somebody does it."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

from authgate.clock import utc_now
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.jobs.celery_settings import is_redis, signs_of_life
from authgate.settings import Settings
from authgate.storage.jobs import periodic_jobs
from authgate.storage.jobs.periodic_jobs import PeriodicJob
from authgate.storage.redis import crew_signs
from authgate.storage.redis.connection import RedisUnavailable
from authgate.storage.sweep import (
    due_feeds,
    due_kept_jobs,
    due_logouts,
    due_seals,
    due_webhooks,
)
from authgate.storage.sweep.overdue import overdue
from authgate.webhooks.collecting import MOST_WAITING

NO_WORKER = Misconfiguration(
    code="no-worker",
    area=Area.JOBS,
    wrong="`jobs.runner` is `celery`, and no worker has been heard of for a minute.",
    why="Jobs wait, and nothing that has expired is removed.",
    cure="Start one: `authgate worker`.",
)
NO_BEAT = Misconfiguration(
    code="no-beat",
    area=Area.JOBS,
    wrong="`jobs.runner` is `celery`, and no beat has been heard of for a minute.",
    why="Periodic jobs are not sent, and nothing that has expired is removed.",
    cure="Start one: `authgate beat`.",
)
RARE_CLEANUP = Misconfiguration(
    code="rare-clean-up",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="`jobs.cleanup_seconds` is more than a day.",
    why="Expired sessions, codes and tokens stay, with what they tell of people, and tables grow.",
    cure="Take `jobs.cleanup_seconds` out of the settings.",
)
EXPIRED_ROWS_STAY = Misconfiguration(
    code="expired-rows-stay",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="Rows that expired more than a day ago have not been removed.",
    why="The clean-up does not run, or cannot keep up: tables grow, and hold what they should not.",
    cure="Look in the log for `remove-expired`; see that a server, or worker and beat, run.",
)

LOGOUTS_WAIT = Misconfiguration(
    code="logouts-wait",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="Clients should have been told more than ten minutes ago that a session is over.",
    why="People who have signed out, or were shut out, are still signed in to applications.",
    cure="Look in the log for `deliver-logouts`; see that a server, or worker and beat, run.",
)

PLUGINS_BEHIND = Misconfiguration(
    code="plugins-behind",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="A plugin has not been told of what happened at a tenant more than an hour ago.",
    why="Audit logs elsewhere lack it, other systems do not know whom they should let go, and what"
    " waits is not removed with old events.",
    cure="Look in the log for `plugin failed` with the call `audit_events`; without any, see that a"
    " server, or worker and beat, run. A tenant that pauses the plugin or has not set it up has to"
    " do so, or leave it out of `enabled_plugins`; so has one whose plugin is not installed here.",
)

WEBHOOKS_WAIT = Misconfiguration(
    code="webhooks-wait",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="Webhooks that take what they are sent should have been sent more ten minutes ago.",
    why="What tenants have attached to it does not know what happens.",
    cure="Look in the log for `deliver-webhooks`; see that a server, or worker and beat, run.",
)
WEBHOOKS_PAUSED = Misconfiguration(
    code="webhooks-paused",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="Webhooks are left alone since they took nothing for days, or said that they are gone.",
    why="What happens waits in the audit log for somebody to resume them.",
    cure="`authgate webhook list --tenant SLUG` says which: mend what receives, and then"
    " `authgate webhook resume`, or remove it (`authgate webhook delete`).",
)

AUDIT_UNSEALED = Misconfiguration(
    code="audit-log-unsealed",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="Events of an audit log have waited for their seal for more than ten minutes.",
    why="Until then whoever may write to the database can change them unnoticed.",
    cure="Look in the log for `seal-audit`; see that a server, or worker and beat, run. After an"
    " update that seals for the first time it takes a while: the number goes down.",
)

PERIODIC_JOB_STANDS = Misconfiguration(
    code="periodic-job-stands",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="A job that comes again has not ended well for more than three of its periods.",
    why="What it does is not done, by any server or worker.",
    cure="Look in the log for `job failed` with its name; without any, see that a server, or worker"
    " and beat, run.",
)
JOBS_GIVEN_UP = Misconfiguration(
    code="jobs-given-up",
    severity=Severity.WARNING,
    area=Area.JOBS,
    wrong="Jobs of tenants went wrong each time they were tried, and nobody has looked after them.",
    why="What they were to do is not done.",
    cure="`authgate jobs list --tenant SLUG` says what went wrong. Have them tried again once that"
    " is mended (`authgate jobs retry`), or let them be (`authgate jobs cancel`).",
)

_MANY_PERIODS = 3
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_TEN_MINUTES = timedelta(minutes=10)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """What is wrong with who does jobs, or that nothing is."""
    found = [*_rare(settings), *[each async for each in _crew(settings)]]
    for finding in found or [well(Area.JOBS, f"done by {settings.jobs.runner}")]:
        yield finding


async def leftovers(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the open database holds what should have been removed, or told, long ago."""
    since = utc_now() - _DAY - timedelta(seconds=2 * settings.jobs.cleanup_seconds)
    left = await overdue(settings.database, since=since)
    if left:
        yield EXPIRED_ROWS_STAY.found(f"in {', '.join(left)}")
    if await due_logouts.tenants(settings.database, now=utc_now() - _TEN_MINUTES, limit=1):
        yield LOGOUTS_WAIT.found("some have not been tried since")
    async for finding in _webhooks(settings):
        yield finding
    unsealed = await due_seals.tenants(settings.database, now=utc_now(), limit=1)
    oldest = unsealed[0].since if unsealed else None
    if oldest is not None and oldest < utc_now() - _TEN_MINUTES:
        yield AUDIT_UNSEALED.found(f"the oldest since {oldest:%Y-%m-%d %H:%M} UTC")
    standing = [each.name for each in await periodic_jobs.every() if _stands(each)]
    if standing:
        yield PERIODIC_JOB_STANDS.found(", ".join(standing))
    given_up = await due_kept_jobs.failed(settings.database, now=utc_now())
    if given_up:
        kinds = sorted({each.name for each in given_up})
        yield JOBS_GIVEN_UP.found(f"{len(given_up)}: {', '.join(kinds)}")
    behind = await due_feeds.behind(settings.database, since=utc_now() - _HOUR)
    if behind:
        yield PLUGINS_BEHIND.found(", ".join(sorted(behind)))


async def _webhooks(settings: Settings) -> AsyncIterator[Finding]:
    lag = await due_webhooks.lag(settings.database, now=utc_now(), most=MOST_WAITING)
    if lag > _TEN_MINUTES:
        yield WEBHOOKS_WAIT.found("some have not been sent anything since")
    paused = await due_webhooks.paused(settings.database, now=utc_now())
    if paused:
        yield WEBHOOKS_PAUSED.found(f"{len(paused)}, of {len(set(paused))} tenants")


def _stands(job: PeriodicJob) -> bool:
    # One that comes each second may wait for a database that starts anew.
    for_long = job.late * job.seconds > _TEN_MINUTES.total_seconds()
    return job.late > _MANY_PERIODS and for_long


def _rare(settings: Settings) -> Iterator[Finding]:
    if settings.jobs.cleanup_seconds > _DAY.total_seconds():
        yield RARE_CLEANUP.found(f"every {settings.jobs.cleanup_seconds:g} s")


async def _crew(settings: Settings) -> AsyncIterator[Finding]:
    if settings.jobs.runner != "celery":
        return
    broker = settings.jobs.broker_url or settings.redis_url
    assert broker is not None  # noqa: S101 - the settings refuse it
    if not is_redis(broker.get_secret_value()):
        return  # no place for signs of life: whether periodic jobs are done says the database
    try:
        heard = await crew_signs.heard(broker.get_secret_value(), signs_of_life())
    except (RedisUnavailable, ValueError):
        return  # told of by itself
    if "worker" not in heard:
        yield NO_WORKER.found("none has been heard of for a minute")
    if "beat" not in heard:
        yield NO_BEAT.found("none has been heard of for a minute")
