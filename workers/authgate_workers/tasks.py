"""The Celery application: one task for each job, under the job's name."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from celery import Celery, Task, signals

from authgate import background
from authgate.jobs import JOBS, Result
from authgate.jobs.celery_settings import GRACE_SECONDS, PERIODIC_QUEUE, SENT_AT, celery_settings
from authgate.jobs.job import Job, give_up, note_wait
from authgate.jobs.performer import AGAIN_AFTER_SECONDS, pause_before_again
from authgate.settings import Settings
from authgate.telemetry import logs
from authgate_workers.acknowledgement import AcknowledgedRequest
from authgate_workers.process import WorkerProcess

_log = structlog.get_logger(__name__)


def celery_app(read_settings: Callable[[], Settings]) -> Celery:
    """An application that reads its settings when they are first needed."""
    app = Celery("authgate", set_as_current=False)
    app.add_defaults(lambda: _configuration(read_settings()))
    process = WorkerProcess(read_settings)
    for kind in JOBS:
        _add_task(app, kind, process)
    _follow(process, read_settings)
    return app


def _add_task(app: Celery, kind: type[Job], process: WorkerProcess) -> None:
    name = kind.name

    @app.task(
        name=name,
        bind=True,
        time_limit=int(kind.seconds) + GRACE_SECONDS,
        Request=AcknowledgedRequest,
    )
    def do(task: "Task[Any, Any]", /, **sealed: object) -> None:
        headers = task.request.headers or {}
        if not task.request.retries:
            _note_wait(name, headers.get(SENT_AT))
        tries = task.request.retries
        result = process.do(
            name,
            sealed,
            message_id=task.request.id or "",
            attempt=tries + 1,
            is_again=tries > 0 or bool((task.request.delivery_info or {}).get("redelivered")),
            traceparent=str(headers.get("traceparent", "")),
        )
        if result is None or not result.may_end_well_later:
            return
        if tries < len(AGAIN_AFTER_SECONDS):
            pause = pause_before_again(AGAIN_AFTER_SECONDS[tries])
            raise task.retry(countdown=pause, max_retries=None)
        if result is not Result.HELD:
            give_up(name)


def _note_wait(job: str, sent_at: object) -> None:
    with suppress(ValueError, TypeError):  # anybody's header
        note_wait(job, time.time() - float(sent_at))  # type: ignore[arg-type]  # that is caught


def _configuration(settings: Settings) -> dict[str, Any]:
    envelopes = background.envelopes(settings)
    return celery_settings(settings) | {
        "beat_schedule": {
            each.job.name: {
                "task": each.job.name,
                "schedule": each.seconds,
                # Whose turn it is says the database, however many beats send it.
                "kwargs": envelopes.seal(each.job, tenant_id=None, in_turn=True),
                "options": {"queue": PERIODIC_QUEUE},
            }
            for each in background.schedule(settings)
        }
    }


def _follow(process: WorkerProcess, read_settings: Callable[[], Settings]) -> None:
    def configure_logs(**_: object) -> None:
        logs.configure(read_settings())

    def start(**_: object) -> None:
        process.start()

    def stop(**_: object) -> None:
        process.stop()

    def date(headers: dict[str, object], **_: object) -> None:
        headers.setdefault(SENT_AT, str(time.time()))

    # Whoever listens to the first of these keeps Celery from setting up logs of its own.
    for signal, receiver in (
        (signals.setup_logging, configure_logs),
        (signals.worker_process_init, start),
        (signals.worker_process_shutdown, stop),
        (signals.before_task_publish, date),
    ):
        signal.connect(receiver, weak=False)
