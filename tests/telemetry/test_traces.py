"""Traces through the whole server, as a collector gets them (OTLP, W3C trace context)."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr, ValidationError

from authgate.app import serving
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.settings import (
    DatabaseSettings,
    KeySettings,
    ServerSettings,
    Settings,
    TracingSettings,
)
from authgate.storage import connection
from authgate.storage.batches.append_log import AppendLog
from authgate.storage.batches.lookups import Lookups
from authgate.storage.people.users import User
from authgate.storage.redis.connection import RedisConnection
from authgate.telemetry import logs
from authgate.telemetry.spans import Spans
from authgate.telemetry.tracing import Attribute
from authgate.web.edge import Edge
from authgate_tenants import Tenant
from authgate_testing.collector import Collector
from authgate_testing.databases import on_sqlite
from authgate_testing.live import live
from authgate_testing.person import Person
from authgate_testing.server import BASE_URL, RunningServer

PROXY, STRANGER = "10.0.0.9", "203.0.113.77"
TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{ABOVE}-01"
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def tracing(collector: Collector) -> TracingSettings:
    """Every request is traced."""
    return TracingSettings(endpoint=collector.url, sample_ratio=1)


@pytest.fixture
def settings(
    database_settings: DatabaseSettings, tmp_path: Path, redis_url: str, tracing: TracingSettings
) -> Settings:
    """A server that traces, behind a proxy that it trusts."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        server=ServerSettings(trusted_proxies=(PROXY,)),
        redis_url=SecretStr(redis_url),
        tracing=tracing,
    )


async def ask_for_token(
    server: RunningServer, acme: Tenant, machine: NewClient, **headers: str
) -> dict[str, Any]:
    answer = await server.http.post(
        f"{acme.issuer}/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": machine.client.client_id,
            "client_secret": machine.secret or "",
        },
        headers=headers,
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told | {"x-request-id": answer.headers["x-request-id"]}


async def test_a_token_request_is_a_span_with_what_it_waited_for_inside(
    server: RunningServer, acme: Tenant, machine: NewClient, collector: Collector
) -> None:
    told = await ask_for_token(server, acme, machine)
    [span] = await collector.taken("POST /oauth/token")
    assert span.kind == "server"
    assert span.parent_id == ""
    assert span.service == "authgate"
    assert span.attributes == {
        "http.request.method": "POST",
        "http.route": "/oauth/token",
        "http.response.status_code": 200,
        "authgate.tenant": "acme",
        "authgate.request_id": told["x-request-id"],
    }
    inside = {each.name for each in collector.below(span)}
    assert {"EVALSHA", "INSERT tokens, audit_events"} <= inside
    assert all(each.kind == "client" for each in collector.below(span))
    assert {each.trace_id for each in collector.below(span)} == {span.trace_id}


async def test_a_page_is_a_span_with_its_statements_inside(
    server: RunningServer, acme: Tenant, alice: User, collector: Collector
) -> None:
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    [span] = await collector.taken("POST /login")
    inside = collector.below(span)
    names = {each.name for each in inside}
    assert {"SELECT users", "INSERT browser_sessions", "EVALSHA", "COMMIT"} <= names
    [selected] = [each for each in inside if each.name == "SELECT users"][:1]
    assert selected.attributes["db.collection.name"] == "users"
    assert selected.attributes["db.system.name"] in ("sqlite", "postgresql")


@on_sqlite
async def test_a_trusted_proxys_trace_goes_on_here(
    server: RunningServer, collector: Collector
) -> None:
    async with server.from_address(PROXY) as proxy:
        await proxy.get("/nowhere", headers={"traceparent": TRACEPARENT})
    [span] = await collector.taken("GET other")
    assert (span.trace_id, span.parent_id) == (TRACE, ABOVE)


@on_sqlite
async def test_a_strangers_trace_does_not(server: RunningServer, collector: Collector) -> None:
    async with server.from_address(STRANGER) as stranger:
        await stranger.get("/nowhere", headers={"traceparent": TRACEPARENT})
    [span] = await collector.taken("GET other")
    assert span.trace_id != TRACE
    assert span.parent_id == ""


@on_sqlite
@pytest.mark.parametrize(
    "sent",
    [
        ["nonsense"],
        [""],
        ["\xff" * 100_000],
        [f"00-{'0' * 32}-{ABOVE}-01"],
        [f"ff-{TRACE}-{ABOVE}-01"],
        [TRACEPARENT, TRACEPARENT],
    ],
    ids=["nonsense", "empty", "huge", "zeros", "version", "twice"],
)
async def test_what_names_no_trace_begins_one(
    server: RunningServer, collector: Collector, sent: list[str]
) -> None:
    headers = [(b"traceparent", each.encode("latin-1")) for each in sent]
    async with server.from_address(PROXY) as proxy:
        assert (await proxy.get("/nowhere", headers=headers)).status_code == 404
    [span] = await collector.taken("GET other")
    assert (span.parent_id, span.trace_id == TRACE) == ("", False)


@on_sqlite
async def test_a_trusted_proxy_decides_what_is_not_traced(
    server: RunningServer, acme: Tenant, collector: Collector
) -> None:
    async with server.from_address(PROXY) as proxy:
        unsampled = TRACEPARENT.removesuffix("01") + "00"
        await proxy.get(f"{acme.issuer}/login", headers={"traceparent": unsampled})
        await proxy.get("/nowhere", headers={"traceparent": TRACEPARENT})
    await collector.taken("GET other")
    assert not collector.named("GET /login")


@on_sqlite
async def test_probes_are_not_traced(server: RunningServer, collector: Collector) -> None:
    for path in ("/livez", "/readyz", "/startupz", "/health", "/metrics", "/nowhere"):
        await server.http.get(path)
    await collector.taken("GET other")
    assert {span.name for span in collector.spans if span.kind == "server"} == {"GET other"}


async def test_no_span_says_who_asked_or_with_what(
    server: RunningServer,
    acme: Tenant,
    machine: NewClient,
    alice: User,
    collector: Collector,
) -> None:
    async with server.from_address(STRANGER) as stranger:
        person = Person(stranger)
        await person.sign_in(acme.issuer, "alice", PASSWORD)
        await person.sign_in(acme.issuer, "alice", "wrong-but-long-enough-too")
    told = await ask_for_token(server, acme, machine)
    await server.http.get(
        f"{acme.issuer}/oauth/userinfo", headers={"authorization": f"Bearer {told['access_token']}"}
    )
    await collector.taken("GET /oauth/userinfo")
    allowed = {str(each) for each in Attribute}
    assert {name for span in collector.spans for name in span.attributes} <= allowed
    assert not any(span.events for span in collector.spans)
    sent = b"".join(collector.bodies).decode("latin-1")
    secrets = {machine.secret, told["access_token"], PASSWORD, *cookies(stranger)}
    people = {"alice", "Alice", STRANGER, machine.client.client_id, str(alice.id)}
    assert not [each for each in secrets | people if each and each in sent]


def cookies(client: Any) -> set[str]:
    return {cookie.value for cookie in client.cookies.jar}


@on_sqlite
async def test_names_are_few_whatever_is_asked_for(
    server: RunningServer, acme: Tenant, collector: Collector
) -> None:
    for number in range(30):
        await server.http.request(f"HACK{number}", f"/invented/{number}")
        await server.http.get(f"{acme.issuer}/invented/{number}?code={number}")
        await server.http.post(f"{acme.issuer}/oauth/token", data={"grant_type": str(number)})
    await collector.taken("POST /oauth/token", 30)
    await collector.taken("GET other", 30)
    names = {span.name for span in collector.spans if span.kind == "server"}
    assert names == {"HTTP other", "GET other", "POST /oauth/token"}


@on_sqlite
async def test_lines_of_a_traced_request_name_its_trace_and_its_id(
    server: RunningServer, collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    async with server.from_address(PROXY) as proxy:
        answer = await proxy.get("/nowhere", headers={"traceparent": TRACEPARENT})
    [span] = await collector.taken("GET other")
    [line] = [each for each in lines(capsys) if each["event"] == "request"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["trace_id"], line["span_id"]) == (TRACE, span.span_id)


@on_sqlite
async def test_other_lines_of_a_traced_request_name_its_trace_too(
    server: RunningServer,
    acme: Tenant,
    collector: Collector,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(server.parts.resolver, "find", broken)
    await server.http.get(f"{acme.issuer}/oauth/tokeninfo")
    [span] = await collector.taken("GET other")
    assert span.failed
    [line] = [each for each in lines(capsys) if each["level"] == "error"][:1]
    assert line["trace_id"] == span.trace_id
    assert line["request_id"] == span.attributes["authgate.request_id"]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


@on_sqlite
async def test_without_a_collector_nothing_is_built_for_traces(
    settings: Settings, collector: Collector
) -> None:
    untraced = settings.model_copy(update={"tracing": TracingSettings()})
    async with serving(untraced, clock=utc_now) as (app, parts):
        assert type(app) is Edge
        assert type(parts.redis) is RedisConnection
        assert type(connection._opened().append_log) is AppendLog
        assert type(connection._opened().lookups) is Lookups
        assert parts.tracer is None
        assert logs.trace_ids is logs.no_trace
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            await http.get("/nowhere")
    assert not collector.spans


def test_without_a_collector_what_makes_spans_is_not_loaded() -> None:
    ours = ["authgate.telemetry.spans", "authgate.storage.statement_spans"]
    program = f"import sys, authgate.asgi; sys.exit(any(m in sys.modules for m in {ours}))"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("kind", ["hypercorn", "uvicorn"])
async def test_each_server_traces_and_sends_the_last_spans_when_it_ends(
    sqlite_settings: DatabaseSettings,
    tmp_path: Path,
    collector: Collector,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    chosen = {"TRACING__ENDPOINT": collector.url, "TRACING__SAMPLE_RATIO": "1"}
    async with (
        live(sqlite_settings, tmp_path, SERVER__KIND=kind, **chosen) as server,
        httpx2.AsyncClient() as http,
    ):
        await http.get(f"{server.issuer}/.well-known/openid-configuration")
        await http.post(f"{server.issuer}/oauth/token")
    names = {span.name for span in collector.spans if span.kind == "server"}
    assert names == {"GET /.well-known/openid-configuration", "POST /oauth/token"}


async def test_only_a_share_of_the_requests_is_traced(
    tracing: TracingSettings,
) -> None:
    for share, least, most in ((0.0, 0, 0), (0.5, 300, 700), (1.0, 1000, 1000)):
        exporter = InMemorySpanExporter()
        tracer = Spans(tracing.model_copy(update={"sample_ratio": share}), exporter=exporter)
        for _ in range(1000):
            with tracer.root("HTTP", "server", {}), tracer.child("GET", "client", {}):
                tracer.note({Attribute.STATUS: 200})
        await tracer.close()
        assert least * 2 <= len(exporter.get_finished_spans()) <= most * 2


async def test_an_error_is_named_by_its_class_and_never_by_its_text(
    tracing: TracingSettings,
) -> None:
    exporter = InMemorySpanExporter()
    tracer = Spans(tracing, exporter=exporter)
    with pytest.raises(ValueError, match="s3cr3t"), tracer.root("HTTP", "server", {}):
        raise ValueError("s3cr3t")
    await tracer.close()
    [span] = exporter.get_finished_spans()
    assert "s3cr3t" not in span.to_json()
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert span.status.status_code.name == "ERROR"


async def test_the_collector_gets_the_headers_it_asks_for(collector: Collector) -> None:
    settings = TracingSettings(
        endpoint=collector.url,
        headers=SecretStr("Authorization=Bearer%20abc,x-team=login"),
        sample_ratio=1,
        service_name="login",
    )
    tracer = Spans(settings)
    with tracer.root("HTTP", "server", {}):
        pass
    await tracer.close()
    [span] = await collector.taken("HTTP")
    assert span.service == "login"
    assert collector.headers[0]["authorization"] == "Bearer abc"
    assert collector.headers[0]["x-team"] == "login"


@pytest.mark.parametrize("answers", [False, True], ids=["nobody listens", "it never answers"])
async def test_a_collector_that_is_away_holds_up_nobody(
    tracing: TracingSettings, answers: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if not answers:
            silent.close()
        away = tracing.model_copy(update={"endpoint": f"http://127.0.0.1:{port}/v1/traces"})
        tracer, began = Spans(away), time.monotonic()
        for _ in range(100):
            with tracer.root("HTTP", "server", {}):
                pass
        assert time.monotonic() - began < 1
        await tracer.close()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("headers", ["no-pair", "a=b,c"])
def test_headers_that_are_none_are_refused_without_being_shown(headers: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TracingSettings(headers=SecretStr(headers))
    assert headers not in str(refused.value)


@pytest.mark.parametrize("endpoint", ["collector:4318", "grpc://collector:4317", "http://"])
def test_an_address_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ValidationError):
        TracingSettings(endpoint=endpoint)
