"""Requests of plugins belong to the trace of the request that needed them (W3C trace context)."""

from typing import Any
from uuid import UUID

import pytest

from authgate.plugin_api import HttpFailure
from authgate.plugin_manager import Containment, GuardedHttp, Isolation, TracedHttp
from authgate.plugin_manager.isolation import Target
from authgate.settings import TracingSettings
from authgate.telemetry.spans import Spans
from authgate_tenants.scope import tenant_in_scope
from authgate_testing.collector import Collector


@pytest.fixture
def tracer(collector: Collector) -> Spans:
    return Spans(TracingSettings(endpoint=collector.url, sample_ratio=1))


@pytest.fixture
def target(tenant_id: UUID) -> Target:
    return Target(tenant_id=tenant_id, plugin="github", call="identify")


async def test_a_plugins_request_goes_on_with_the_trace_it_was_made_in(
    host: Any, http: GuardedHttp, tracer: Spans, target: Target, collector: Collector
) -> None:
    traced = TracedHttp(http, tracer)
    isolation = Isolation(containment=Containment(context=tracer.context))

    async def ask() -> int:
        await traced.post(f"https://{host.name}/token", form={"code": "s3cr3t"})
        return (await traced.get(f"https://{host.name}/user?code=s3cr3t")).status

    with tracer.root("GET /login/<slug>/callback", "server", {}):
        assert await isolation.run(ask, target, budget=5, accept=lambda result: result) == 200
    await tracer.close()
    [above] = collector.named("GET /login/<slug>/callback")
    spans = collector.below(above)
    assert [(each.name, each.kind) for each in spans] == [("POST", "client"), ("GET", "client")]
    for span, asked in zip(spans, host.asked, strict=True):
        assert asked.headers["traceparent"] == f"00-{above.trace_id}-{span.span_id}-03"
        assert "tracestate" not in asked.headers
        assert span.attributes["http.response.status_code"] == 200
    assert b"s3cr3t" not in b"".join(collector.bodies)
    assert b"localhost" not in b"".join(collector.bodies)


async def test_a_request_that_fails_is_a_span_that_failed(
    host: Any, http: GuardedHttp, tracer: Spans, collector: Collector
) -> None:
    host.says(status=503)
    traced = TracedHttp(http, tracer)
    with tracer.root("HTTP", "server", {}):
        await traced.get(f"https://{host.name}/")
        with pytest.raises(HttpFailure):
            await traced.get("https://127.0.0.2:1/")
    await tracer.close()
    answered, unanswered = collector.named("GET")
    assert answered.failed
    assert answered.attributes["http.response.status_code"] == 503
    assert unanswered.attributes["error.type"] == "NoConnection"


async def test_outside_of_a_trace_a_plugins_request_is_as_it_was(
    host: Any, http: GuardedHttp, tracer: Spans, collector: Collector
) -> None:
    await TracedHttp(http, tracer).get(f"https://{host.name}/")
    await tracer.close()
    assert "traceparent" not in host.asked[0].headers
    assert not collector.spans


async def test_of_a_trace_a_plugin_sees_nothing_but_the_trace(
    tracer: Spans, target: Target
) -> None:
    isolation = Isolation(containment=Containment(context=tracer.context))

    async def look() -> tuple[object, str]:
        return tenant_in_scope(), tracer.traceparent()

    with tracer.root("HTTP", "server", {}):
        seen = await isolation.run(look, target, budget=5, accept=lambda result: result)
        assert seen == (None, tracer.traceparent())
    await tracer.close()
