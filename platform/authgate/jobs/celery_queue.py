"""Jobs for workers of their own, through Celery and its broker.

Celery is loaded by whoever makes this queue and by nobody else.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from authgate.jobs.celery_settings import PERIODIC_QUEUE, QUEUE, SENT_AT, at_once, celery_settings
from authgate.jobs.envelope import Envelopes
from authgate.jobs.job import Job, QueueUnavailable, sending
from authgate.settings import Settings
from authgate.telemetry.tracing import UNTRACED, Tracer

if TYPE_CHECKING:
    from celery import Celery


class CeleryQueue:
    """Sends jobs by name, each in a sealed envelope."""

    def __init__(
        self, settings: Settings, envelopes: Envelopes, *, tracer: Tracer = UNTRACED
    ) -> None:
        self._celery = _sender(settings)
        self._envelopes = envelopes
        self._tracer = tracer

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        """Hand the job to the workers. Raises ``QueueUnavailable``."""
        sealed = self._envelopes.seal(job, tenant_id=tenant_id, kept=kept)
        with sending(job, self._tracer, "celery") as traceparent:
            # Outside of the seal: who writes headers of his own changes measurements, no job.
            headers = {SENT_AT: str(time.time())}
            if traceparent:
                headers["traceparent"] = traceparent
            await asyncio.to_thread(self._send, job.name, sealed, headers)

    async def length(self) -> int:
        """How many jobs wait for a worker. Raises ``QueueUnavailable``."""
        return await asyncio.to_thread(self._length)

    def close(self) -> None:
        """Disconnect."""
        self._celery.close()

    def _length(self) -> int:
        try:
            with self._celery.connection_for_read() as connection:
                # To declare what is there changes nothing, and is answered with its length.
                bound: list[Any] = [
                    self._celery.amqp.queues[each].bind(connection.default_channel)
                    for each in (QUEUE, PERIODIC_QUEUE)
                ]
                return sum(int(each.queue_declare().message_count) for each in bound)
        except _faults(self._celery) as error:
            raise QueueUnavailable("The broker cannot be reached, or refuses it.") from error

    def _send(self, name: str, sealed: dict[str, str], headers: dict[str, str]) -> None:
        try:
            self._celery.send_task(name, kwargs=sealed, headers=headers, retry=False)
        except _faults(self._celery) as error:
            raise QueueUnavailable("The broker cannot be reached, or refuses it.") from error


def _faults(celery: "Celery") -> tuple[type[BaseException], ...]:
    """How it says that a broker cannot be reached or does not take or tell something."""
    from amqp.exceptions import MessageNacked
    from kombu.exceptions import OperationalError

    broker = celery.connection_for_write()
    return (OperationalError, MessageNacked, *broker.connection_errors, *broker.channel_errors)


def _sender(settings: Settings) -> "Celery":
    from celery import Celery

    celery = Celery("authgate", set_as_current=False)
    celery.conf.update(celery_settings(settings))
    celery.conf.broker_transport_options |= at_once(celery.conf.broker_url)
    return celery
