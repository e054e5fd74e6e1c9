"""A job belongs to the trace in which it was asked for (W3C trace context)."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from authgate.jobs import InProcessRunner
from authgate.settings import TracingSettings
from authgate.telemetry.spans import Spans
from authgate_testing.collector import Collector

ACME = UUID(int=1)


@pytest.fixture
def tracer(collector: Collector) -> Spans:
    return Spans(TracingSettings(endpoint=collector.url, sample_ratio=1))


async def test_a_job_is_a_span_in_the_trace_of_who_asked_for_it(
    office: Any, tracer: Spans, collector: Collector
) -> None:
    async with InProcessRunner(office.performer(tracer=tracer), tracer=tracer) as runner:
        with tracer.root("POST /login", "server", {}):
            await runner.enqueue(office.errand("s3cr3t"), tenant_id=ACME)
    await tracer.close()
    [asked], [sent], [done] = map(collector.named, ("POST /login", "send errand", "process errand"))
    assert (sent.parent_id, done.parent_id) == (asked.span_id, sent.span_id)
    assert {asked.trace_id, sent.trace_id, done.trace_id} == {asked.trace_id}
    assert (sent.kind, done.kind) == ("producer", "consumer")
    assert sent.attributes == {"authgate.job": "errand", "messaging.system": "in-process"}
    assert done.attributes == {"authgate.job": "errand", "authgate.job.result": "done"}
    assert b"s3cr3t" not in b"".join(collector.bodies)


async def test_a_job_that_nobody_asked_for_is_a_trace_of_its_own(
    office: Any, tracer: Spans, collector: Collector
) -> None:
    async with InProcessRunner(office.performer(tracer=tracer), tracer=tracer) as runner:
        await runner.enqueue(office.errand("x"), tenant_id=ACME)
    await tracer.close()
    [done] = collector.spans
    assert (done.name, done.parent_id) == ("process errand", "")


async def test_a_job_that_fails_is_a_span_that_failed(
    office: Any, tracer: Spans, collector: Collector
) -> None:
    async def fail(_errand: Any) -> None:
        raise ValueError("s3cr3t")

    office.do = fail
    runner = InProcessRunner(office.performer(tracer=tracer), tracer=tracer, again_after=())
    async with runner:
        await runner.enqueue(office.errand("x"), tenant_id=ACME)
        await asyncio.sleep(0)
    await tracer.close()
    [span] = collector.spans
    assert span.failed
    assert span.attributes["authgate.job.result"] == "failed"
    assert b"s3cr3t" not in b"".join(collector.bodies)
