"""``authgate worker`` and ``authgate beat``."""

import os

from celery import Celery

from authgate import background
from authgate.diagnosis import production
from authgate.jobs.celery_settings import celery_settings
from authgate.settings import Settings
from authgate.telemetry import tracing
from authgate_workers import beat, heartbeat, metrics_port
from authgate_workers.acknowledgement import KnownLoop
from authgate_workers.tasks import celery_app

_FEWEST = 2
"""A tenant's file that is read in takes one to itself for minutes."""


def run_worker(settings: Settings, *, processes: int | None = None) -> int:
    """Do jobs until told to leave (SIGTERM); what is begun is ended first. The exit status.

    Takes one process for each processor, and at least two, unless told otherwise.

    Raises ``NoBroker``, ``UnfitForProduction`` and ``KeyEncryptionKeyError``.
    """
    app = _app(settings)
    app.steps["consumer"].add(heartbeat.of_worker(settings.jobs.heartbeat_file))
    app.steps["consumer"].add(KnownLoop)
    worker = app.Worker(
        concurrency=processes or max(_FEWEST, os.cpu_count() or 1),
        pool="prefork",
        loglevel=settings.log_level.upper(),
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    with metrics_port.answering(settings):
        worker.start()
    return int(worker.exitcode or 0)


def run_beat(settings: Settings) -> int:
    """Send the periodic jobs when they are due, until told to leave. The exit status.

    Raises ``NoBroker``, ``UnfitForProduction`` and ``KeyEncryptionKeyError``.
    """
    app = _app(settings)
    app.conf.beat_scheduler = beat.scheduler(settings.jobs.heartbeat_file)
    app.Beat(loglevel=settings.log_level.upper(), quiet=True).run()
    return 0


def _app(settings: Settings) -> Celery:
    production.refuse(settings)
    # What is missing is to be told now, not by a worker that is half started.
    celery_settings(settings)
    tracing.require_installed(settings.tracing)
    background.envelopes(settings)
    return celery_app(lambda: settings)
