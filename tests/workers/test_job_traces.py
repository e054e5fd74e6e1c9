"""Traces go on in workers: through the broker, into the job and its log lines."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from authgate.jobs import RemoveExpired
from authgate.settings import TracingSettings
from authgate.telemetry.spans import Spans
from authgate_testing.collector import Collector

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def test_a_job_of_a_worker_belongs_to_the_trace_it_was_asked_for_in(
    crew: Any, collector: Collector
) -> None:
    tracing = TracingSettings(endpoint=collector.url, sample_ratio=0)
    traced = replace(crew, settings=crew.settings.model_copy(update={"tracing": tracing}))
    tracer = Spans(TracingSettings(endpoint=collector.url, sample_ratio=1))
    with traced.worker() as worker:
        with tracer.root("POST /login", "server", {}):
            await traced.queue(tracer).enqueue(RemoveExpired(), tenant_id=None)
        await tracer.close()
        [done] = await collector.taken("process remove-expired")
        assert worker.leave() == 0
    [asked], [sent] = map(collector.named, ("POST /login", "send remove-expired"))
    assert (sent.parent_id, done.parent_id) == (asked.span_id, sent.span_id)
    assert done.trace_id == asked.trace_id
    assert done.attributes["authgate.job.result"] == "done"
    assert sent.attributes["messaging.system"] == "celery"
    lines = [line for line in worker.lines if line["event"] == "job ended"]
    assert [line["trace_id"] for line in lines] == [done.trace_id]
    assert [line["span_id"] for line in lines] == [done.span_id]
