"""The bundled sink that appends to a stream, at a real Redis in TLS."""

import json
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import authgate_redis_stream
from authgate.plugin_api import ConnectorConfigError, StreamFailure, parse_config
from authgate.plugin_manager import GuardedHttp, GuardedStreams
from authgate.pretend.listener import Line, listening
from authgate.testing.sink_contract import EVENTS, events
from authgate_redis_stream.conversation import Answers, RedisRefused
from authgate_redis_stream.settings import RedisConfig
from authgate_testing.processes import LOOPBACK, Service, kept_up, service_folder, takes_connections
from authgate_testing.programs import find

PASSWORD = "a-password-of-redis"


@dataclass(frozen=True, slots=True)
class RedisInTls:
    port: int
    client: Any


@pytest.fixture(scope="module")
def redis(certificate: tuple[Path, Path]) -> Iterator[RedisInTls]:
    """A server that whoever asks needs a password for."""
    program = find("redis-server", package="redis-server")
    chain, key = certificate
    with service_folder("redis-in-tls") as folder:
        service = Service(
            lambda port: [
                program,
                *("--bind", LOOPBACK, "--port", "0", "--tls-port", str(port), "--dir", str(folder)),
                *("--tls-cert-file", chain, "--tls-key-file", key, "--tls-auth-clients", "no"),
                *("--requirepass", PASSWORD, "--save", "", "--stream-node-max-entries", "10"),
            ],
            answers=takes_connections,
            log=folder / "redis.log",
        )
        with kept_up(service, stop_signal=signal.SIGTERM):
            url = f"rediss://:{PASSWORD}@localhost:{service.port}/0"
            with Redis.from_url(url, ssl_ca_certs=str(chain)) as client:
                yield RedisInTls(service.port, client)


@pytest.fixture
async def network() -> AsyncIterator[GuardedStreams]:
    allowed = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    async with GuardedHttp(allowed_networks=allowed) as guarded:
        yield GuardedStreams(guarded)


Config = Any


@pytest.fixture
def config(redis: RedisInTls, certificate: tuple[Path, Path]) -> Config:
    def made(**more: object) -> RedisConfig:
        said = {
            "host": f"localhost:{redis.port}",
            "authorities": certificate[0].read_text(),
            "password": PASSWORD,
        }
        return parse_config(RedisConfig, said | more)

    return made


async def test_each_event_is_an_entry_by_whose_id_a_reader_knows_it(
    redis: RedisInTls, network: GuardedStreams, config: Config
) -> None:
    await authgate_redis_stream.audit_events(EVENTS, config(stream="all"), network)
    await authgate_redis_stream.audit_events(events("globex", 2), config(stream="all"), network)
    entries = [fields for _, fields in redis.client.xrange("all")]
    assert [each[b"id"].decode() for each in entries] == [
        each.id for each in (*EVENTS, *events("globex", 2))
    ]
    assert [each[b"tenant"] for each in entries] == [b"acme"] * len(EVENTS) + [b"globex"] * 2
    said = [json.loads(each[b"event"]) for each in entries]
    assert [each["actor_name"] for each in said[: len(EVENTS)]] == [
        each.actor_name for each in EVENTS
    ]
    assert all(
        each["type"] == fields[b"type"].decode() for each, fields in zip(said, entries, strict=True)
    )


async def test_a_stream_is_kept_about_as_long_as_it_may_be(
    redis: RedisInTls, network: GuardedStreams, config: Config
) -> None:
    for _ in range(3):
        await authgate_redis_stream.audit_events(
            events("acme", 100), config(stream="short", longest=50), network
        )
    assert 50 <= redis.client.xlen("short") < 100


async def test_users_of_their_own_are_let_in_with_what_they_may(
    redis: RedisInTls, network: GuardedStreams, config: Config
) -> None:
    redis.client.execute_command("ACL", "SETUSER", "sink", "on", ">theirs", "~own", "+xadd")
    own = {"username": "sink", "password": "theirs"}
    await authgate_redis_stream.audit_events(EVENTS, config(stream="own", **own), network)
    assert redis.client.xlen("own") == len(EVENTS)
    with pytest.raises(RedisRefused):
        await authgate_redis_stream.audit_events(EVENTS, config(stream="other", **own), network)


@pytest.mark.parametrize("wrong", [{"password": "not-it"}, {"password": ""}], ids=str)
async def test_who_is_not_let_in_has_appended_nothing(
    redis: RedisInTls, network: GuardedStreams, config: Config, wrong: dict[str, object]
) -> None:
    with pytest.raises(RedisRefused):
        await authgate_redis_stream.audit_events(EVENTS, config(stream="none", **wrong), network)
    [step] = await authgate_redis_stream.examine_config("acme", config(**wrong), network)
    assert (step.passed, step.said) == (False, "It does not take what it is sent.")
    assert redis.client.xlen("none") == 0


async def test_a_key_of_another_kind_is_no_stream(
    redis: RedisInTls, network: GuardedStreams, config: Config
) -> None:
    redis.client.set("text", "here")
    with pytest.raises(RedisRefused):
        await authgate_redis_stream.audit_events(EVENTS, config(stream="text"), network)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$99999999\r\n",
        b"$-1\r\n",
        b"$x\r\n",
        b"+" * 9000,
    ],
    ids=lambda each: repr(each[:12]),
)
async def test_a_server_that_is_no_redis_has_taken_nothing(
    network: GuardedStreams, certificate: tuple[Path, Path], said: bytes
) -> None:
    async def talk(line: Line) -> None:
        await line.receive()
        await line.send(said)

    async with listening(certificate, talk) as host:
        entered = {"host": host, "authorities": certificate[0].read_text(), "password": PASSWORD}
        with pytest.raises((RedisRefused, StreamFailure)):
            await authgate_redis_stream.audit_events(
                EVENTS, parse_config(RedisConfig, entered), network
            )


class Endless:
    """A stream whose other side announces an answer of this length, and does not end it."""

    def __init__(self, length: bytes) -> None:
        self.received = 0
        self._length = length

    async def receive(self) -> bytes:
        self.received += 1
        return b"$" + self._length + b"\r\n" if self.received == 1 else b"x" * 65_536


@pytest.mark.parametrize("length", [b"0" * 9 + b"9" * 9, b"99999", b"65537"], ids=str)
async def test_an_answer_that_is_too_long_is_not_gathered(length: bytes) -> None:
    stream: Any = Endless(length)
    with pytest.raises(RedisRefused):
        await Answers(stream).good()
    assert stream.received <= 2


@pytest.mark.parametrize(
    ("wrong", "blamed"),
    [
        ({"host": "redis://x"}, "host"),
        ({"authorities": "none"}, "authorities"),
        ({"username": "a"}, "password"),
        ({"stream": ""}, "stream"),
        ({"longest": -1}, "longest"),
        ({"format": "avro"}, "format"),
    ],
    ids=str,
)
def test_what_leads_to_no_stream_is_refused(wrong: dict[str, object], blamed: str) -> None:
    with pytest.raises(ConnectorConfigError) as refused:
        parse_config(RedisConfig, {"host": "redis.example", **wrong})
    assert refused.value.field == blamed
