"""What is measured of jobs: how long they take and wait, and what is left undone.

``PROMETHEUS_MULTIPROC_DIR`` has to be set before, as for ``metrics``.
"""

from authgate.telemetry.families import Count, Distribution, Level

_JOB_SECONDS = (0.01, 0.05, 0.25, 1, 5, 15, 60, 300)

job_seconds = Distribution(
    "authgate_job_duration_seconds",
    "Time spent on a job, by how it ended.",
    "kind",
    "result",
    buckets=_JOB_SECONDS,
)
job_wait_seconds = Distribution(
    "authgate_job_wait_seconds",
    "From asking for a job until it is begun.",
    "kind",
    buckets=_JOB_SECONDS,
)
jobs_given_up = Count(
    "authgate_jobs_given_up_total", "Jobs that went wrong each time they were tried.", "kind"
)
job_done_at = Level(
    "authgate_job_last_done_timestamp_seconds",
    "When a job ended well last, in Unix time.",
    "kind",
    together="max",
)
jobs_kept_given_up = Level(
    "authgate_jobs_kept_given_up",
    "Jobs of tenants that were given up and that nobody has looked after, up to a thousand.",
    together="livemostrecent",
)
periodic_job_late = Level(
    "authgate_periodic_job_late_periods",
    "For how many of its periods a job that comes again has not ended well, whoever does it.",
    "kind",
    together="livemostrecent",
)
outbox_lag_seconds = Level(
    "authgate_outbox_lag_seconds",
    "For how long the oldest row of a table is due that a change has left to be delivered.",
    "table",
    together="livemostrecent",
)
jobs_waiting = Level(
    "authgate_jobs_waiting", "Jobs that wait in the servers' own queues.", together="livesum"
)
jobs_queued = Level(
    "authgate_jobs_queued", "Jobs that wait at the broker for a worker.", together="livemostrecent"
)
