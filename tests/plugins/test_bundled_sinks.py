"""The bundled sinks keep what every sink has to keep, and none is held up by one event."""

import asyncio
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

import authgate_http_sink
import authgate_splunk
from authgate.plugin_api import (
    AuditEvent,
    ConnectorConfigError,
    EventsRefused,
    delivery,
    parse_config,
    tried,
)
from authgate.pretend.host import Answer, Asked
from authgate.pretend.listener import Line
from authgate.testing import AuditSinkContract, SettingsContract
from authgate.testing.fake_http import FakeHttp
from authgate.testing.sink_contract import EVENTS, events
from authgate_http_sink.collector import CollectorFailed
from authgate_http_sink.settings import CollectorConfig
from authgate_splunk.collector import SplunkFailed
from authgate_splunk.settings import SplunkConfig
from authgate_testing.syslog_frames import messages

TOKEN = "a-token-of-the-collector"
BUCKET = {
    "bucket": "audit",
    "path_style": True,
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": "a-key-of-the-bucket",
}
COMMAND = re.compile(rb"\*[0-9]+\r\n(?:\$[0-9]+\r\n[^\r]*\r\n)+(?=\*|\Z)")
"""Of Redis' protocol, as long as no word has the end of a line in it."""


def taken(code: int = 0, status: int = 200) -> Answer:
    """What an event collector of Splunk says."""
    return Answer(status=status, body=json.dumps({"text": "Said", "code": code}).encode())


class TestSyslog(AuditSinkContract):
    plugin = "syslog"
    settings: ClassVar[Mapping[str, object]] = {"host": "{host}", "format": "ocsf"}

    async def talk(self, line: Line) -> None:
        received = b""
        while not self.is_down and (came := await line.receive()):
            received += came
        self.arrived += messages(received)


class TestSyslogSettings(SettingsContract):
    plugin = "syslog"
    settings: ClassVar[Mapping[str, object]] = {"host": "logs.example:6514", "format": "ecs"}


class TestLines(AuditSinkContract):
    plugin = "http-sink"
    settings: ClassVar[Mapping[str, object]] = {"url": "https://{host}/logs", "token": TOKEN}


class TestList(AuditSinkContract):
    plugin = "http-sink"
    settings: ClassVar[Mapping[str, object]] = {
        "url": "https://{host}/logs",
        "token": TOKEN,
        "header": "X-Api-Key",
        "body": "list",
        "format": "ecs",
    }


class TestCollectorSettings(SettingsContract):
    plugin = "http-sink"
    settings: ClassVar[Mapping[str, object]] = {"url": "https://logs.example/", "token": TOKEN}


class TestSplunk(AuditSinkContract):
    plugin = "splunk"
    settings: ClassVar[Mapping[str, object]] = {"host": "{host}", "token": TOKEN}

    def site(self, asked: Asked) -> Answer:
        """Where it is broken it answers with success, and says that it is none."""
        if self.is_down:
            return taken(9)
        self.arrived += [json.dumps(each["event"]).encode() for each in in_a_row(asked.body)]
        return taken()


class TestSplunkSettings(SettingsContract):
    plugin = "splunk"
    settings: ClassVar[Mapping[str, object]] = {"host": "splunk.example:8088", "token": TOKEN}


class TestBucket(AuditSinkContract):
    plugin = "s3"
    settings: ClassVar[Mapping[str, object]] = {**BUCKET, "endpoint": "https://{host}"}

    def site(self, asked: Asked) -> Answer:
        """It keeps what it is sent by its name."""
        if not self.is_down:
            self.arrived.append(gzip.decompress(asked.body))
        return Answer(status=503 if self.is_down else 200)


class TestBucketSettings(SettingsContract):
    plugin = "s3"
    settings: ClassVar[Mapping[str, object]] = {**BUCKET, "endpoint": "https://s3.example"}


class TestStream(AuditSinkContract):
    plugin = "redis-stream"
    settings: ClassVar[Mapping[str, object]] = {"host": "{host}", "password": TOKEN}

    async def talk(self, line: Line) -> None:
        """As Redis answers: to each command, as it comes."""
        received = b""
        while not self.is_down and (came := await line.receive()):
            received += came
            for each in COMMAND.findall(received):
                self.arrived.append(each.rpartition(b"event\r\n")[2])
                await line.send(b"+OK\r\n" if b"AUTH" in each else b"$3\r\n1-0\r\n")
            received = COMMAND.sub(b"", received)


class TestStreamSettings(SettingsContract):
    plugin = "redis-stream"
    settings: ClassVar[Mapping[str, object]] = {"host": "redis.example:6380", "password": TOKEN}


def in_a_row(body: bytes) -> list[Any]:
    """One object of JSON after the other, as an event collector reads them."""
    found, text, decoder = [], body.decode(), json.JSONDecoder()
    while text:
        one, end = decoder.raw_decode(text)
        found.append(one)
        text = text[end:]
    return found


class Collector:
    """One that looks at each event, and answers for all of them."""

    def __init__(self, poison: Sequence[AuditEvent] = (), *, splunk: bool = False) -> None:
        self.http = FakeHttp()
        self.http.serve("logs.example", self.answer)
        self.kept: list[dict[str, Any]] = []
        self._poison = {each.id for each in poison}
        self._splunk = splunk

    def answer(self, asked: Asked) -> Answer:
        """What it says, and keeps."""
        told = (
            in_a_row(asked.body)
            if self._splunk
            else list(map(json.loads, asked.body.split(b"\n")[:-1]))
        )
        told = [each["event"] for each in told] if self._splunk else told
        if any(
            each["id"] in self._poison and each["details"] != {"withheld": True} for each in told
        ):
            return taken(6, 400) if self._splunk else Answer(status=400)
        self.kept += told
        return taken()

    async def told(self, some: Sequence[AuditEvent]) -> None:
        if self._splunk:
            config = parse_config(SplunkConfig, {"host": "logs.example", "token": TOKEN})
            await authgate_splunk.audit_events(some, config, self.http)
        else:
            url = {"url": "https://logs.example/", "token": TOKEN}
            await authgate_http_sink.audit_events(
                some, parse_config(CollectorConfig, url), self.http
            )


@pytest.mark.parametrize("splunk", [False, True], ids=["http-sink", "splunk"])
async def test_an_event_that_is_refused_holds_up_no_other_and_arrives_without_its_details(
    splunk: bool,
) -> None:
    batch = events("acme", 40)
    poison = [batch[0], batch[17], batch[39]]
    collector = Collector(poison, splunk=splunk)
    await collector.told(batch)
    assert [each["id"] for each in collector.kept] == [each.id for each in batch]
    bare = {each["id"] for each in collector.kept if each["details"] == {"withheld": True}}
    assert bare == {each.id for each in poison}
    assert len(collector.http.asked) < 2 * len(batch)


@pytest.mark.parametrize("splunk", [False, True], ids=["http-sink", "splunk"])
async def test_a_firewall_in_front_that_refuses_some_words_holds_up_no_other_event(
    splunk: bool,
) -> None:
    batch = list(events("acme", 40))
    odd = "<script>alert(1)</script>"
    batch[7] = replace(batch[7], user_agent=odd, details={"redirect_uri": odd})
    batch[20] = replace(batch[20], client_id=odd)
    collector = Collector(splunk=splunk)

    def guarded(asked: Asked) -> Answer:
        return Answer(status=403, body=b"Blocked") if b"<script" in asked.body else said(asked)

    said = collector.answer
    collector.http.serve("logs.example", guarded)
    await collector.told(batch)
    assert [each["id"] for each in collector.kept] == [each.id for each in batch]
    bare = [each["id"] for each in collector.kept if each["details"] == {"withheld": True}]
    assert bare == [batch[7].id, batch[20].id]
    assert len(collector.http.asked) < len(batch)


@pytest.mark.parametrize(
    ("status", "raised"),
    [(each, EventsRefused) for each in (400, 403, 413, 422)]
    + [(each, CollectorFailed) for each in (301, 401, 404, 407, 408, 425, 429, 500, 503)],
    ids=str,
)
async def test_a_collector_that_refuses_everything_is_told_again_later(
    status: int, raised: type[Exception]
) -> None:
    """After few requests, since it is no event that it is about."""
    http = FakeHttp()
    http.serve("logs.example", lambda _: Answer(status=status))
    config = parse_config(CollectorConfig, {"url": "https://logs.example/"})
    with pytest.raises(raised):
        await authgate_http_sink.audit_events(events("acme", 100), config, http)
    assert len(http.asked) <= 9


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (taken(6, 400), EventsRefused),
        (Answer(status=413), EventsRefused),
        (Answer(status=403, body=b"<html>Blocked"), EventsRefused),
        (Answer(status=401, body=b"<html>Who is it"), SplunkFailed),
        (taken(7, 400), SplunkFailed),
        (taken(4, 403), SplunkFailed),
        (taken(9, 503), SplunkFailed),
        (taken(9, 200), SplunkFailed),
        (Answer(body=b"[]"), SplunkFailed),
        (Answer(body=b"hello"), SplunkFailed),
    ],
    ids=lambda each: "",
)  # fmt: skip
async def test_splunk_has_what_it_says_that_it_has_and_nothing_else(
    answer: Answer, raised: type[Exception]
) -> None:
    http = FakeHttp()
    http.serve("logs.example", lambda _: answer)
    config = parse_config(SplunkConfig, {"host": "logs.example", "token": TOKEN})
    with pytest.raises(raised):
        await authgate_splunk.audit_events(events("acme", 2), config, http)


async def test_the_token_is_shown_as_each_collector_wants_it() -> None:
    http = FakeHttp()
    http.serve("logs.example", lambda _: taken())
    plain, other = ({"url": "https://logs.example/a", **more} for more in ({}, {"header": "X-Key"}))
    for entered in (plain, {**plain, "token": TOKEN}, {**other, "token": TOKEN}):
        config = parse_config(CollectorConfig, entered)
        await authgate_http_sink.audit_events(EVENTS, config, http)
    splunk = parse_config(SplunkConfig, {"host": "logs.example", "token": TOKEN, "index": "sso"})
    await authgate_splunk.audit_events(EVENTS[:1], splunk, http)
    bare, bearer, own, hec = (asked for _, asked in http.asked)
    assert "authorization" not in bare.headers
    assert bearer.headers["authorization"] == f"Bearer {TOKEN}"
    assert own.headers["x-key"] == TOKEN
    assert "authorization" not in own.headers
    assert hec.headers["authorization"] == f"Splunk {TOKEN}"
    assert hec.path == "/services/collector/event"
    [said] = in_a_row(hec.body)
    assert (said["index"], said["sourcetype"]) == ("sso", "authgate:audit")
    assert said["time"] == EVENTS[0].occurred_at.timestamp()
    assert said["fields"] == {"event_id": EVENTS[0].id, "tenant": "acme"}


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (CollectorConfig, {"url": "http://logs.example/"}),
        (CollectorConfig, {"url": "https://user:pw@logs.example/"}),
        (CollectorConfig, {"url": "https://logs.example/?token=secret"}),
        (CollectorConfig, {"header": "Content-Type"}),
        (CollectorConfig, {"header": "X: Y"}),
        (CollectorConfig, {"token": "a\u00e4"}),
        (CollectorConfig, {"body": "csv"}),
        (CollectorConfig, {"format": "cef"}),
        (SplunkConfig, {"host": "https://splunk.example"}),
        (SplunkConfig, {"host": "splunk.example:65536"}),
        (SplunkConfig, {"token": "a b"}),
        (SplunkConfig, {"index": "x" * 256}),
        (SplunkConfig, {"format": ""}),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_leads_to_no_collector_is_refused_by_its_name(kind: Any, wrong: Any) -> None:
    good = {"url": "https://logs.example/"} if kind is CollectorConfig else {"host": "logs.example"}
    with pytest.raises(ConnectorConfigError) as refused:
        parse_config(kind, {**good, "token": TOKEN, **wrong})
    assert [refused.value.field] == list(wrong)


async def test_what_is_not_taken_is_not_said_to_who_sets_a_sink_up() -> None:
    """A status or text of a server that a tenant names would show what is there."""
    http = FakeHttp()
    http.serve("logs.example", lambda _: Answer(status=418, body=b"an inner secret"))
    collector = parse_config(CollectorConfig, {"url": "https://logs.example/"})
    splunk = parse_config(SplunkConfig, {"host": "logs.example", "token": TOKEN})
    for steps in (
        await authgate_http_sink.examine_config("acme", collector, http),
        await authgate_splunk.examine_config("acme", splunk, http),
    ):
        assert [each.passed for each in steps] == [False]
        assert not {"418", "inner"} & set(steps[0].said.split())


async def test_a_test_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: Sequence[AuditEvent]) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(delivery, "_TRIAL_SECONDS", 0.01)
    [step] = await tried("acme", hang)
    assert (step.passed, step.said) == (False, "It did not take it within 0.01 seconds.")
