"""The bundled sink that sends to a syslog server: what arrives over TLS, and at rsyslog."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from authgate.plugin_api import (
    AuditEvent,
    ConnectorConfigError,
    EventFormat,
    StreamFailure,
    parse_config,
)
from authgate.plugin_manager import GuardedHttp, GuardedStreams
from authgate.pretend.certificate import certificate_in
from authgate.pretend.listener import Line, listening
from authgate.testing.sink_contract import EVENTS, events
from authgate_syslog import audit_events, examine_config
from authgate_syslog.messages import framed
from authgate_syslog.settings import SyslogConfig
from authgate_testing.rsyslogd import rsyslogd_running
from authgate_testing.syslog_frames import messages

MESSAGE = re.compile(
    rb"<(?P<pri>[0-9]{1,3})>1 (?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,6})?Z)"
    rb" (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) (?P<id>[!-~]{1,32})"
    rb" \[origin software=\"AuthGate\"\] (?P<said>\{.*\})"
)
LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


async def read_all(line: Line) -> bytes:
    received = b""
    while came := await line.receive():
        received += came
    return received


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[GuardedStreams]:
    """One that believes an authority of the installation's, which is none of the servers'."""
    chain, _ = certificate_in(tmp_path)
    async with GuardedHttp(allowed_networks=LOOPBACK, authorities=chain) as guarded:
        yield GuardedStreams(guarded)


def config(host: str, authorities: Path | None = None, **more: Any) -> SyslogConfig:
    said = {"authorities": authorities.read_text()} if authorities else {}
    return parse_config(SyslogConfig, {"host": host, **said, **more})


async def test_each_event_is_a_message_with_its_length_in_front(
    network: GuardedStreams, certificate: tuple[Path, Path]
) -> None:
    heard: list[bytes] = []

    async def talk(line: Line) -> None:
        heard.append(await read_all(line))

    async with listening(certificate, talk) as host:
        await audit_events(EVENTS, config(host, certificate[0], hostname="sso"), network)
    found = [MESSAGE.fullmatch(each) for each in messages(b"".join(heard))]
    assert len(found) == len(EVENTS)
    for event, match in zip(EVENTS, found, strict=True):
        assert match
        severity = {"INFO": 6, "WARNING": 4, "CRITICAL": 2}[event.severity]
        assert int(match["pri"]) == 13 * 8 + severity
        assert (match["host"], match["app"], match["proc"]) == (b"sso", b"authgate", b"acme")
        assert match["id"].decode() == event.type
        said = json.loads(match["said"])
        assert (said["id"], said["actor_name"]) == (event.id, event.actor_name)


async def test_the_server_is_believed_by_its_own_authority_or_the_installations_and_no_other(
    network: GuardedStreams, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    heard: list[bytes] = []

    async def talk(line: Line) -> None:
        heard.append(await read_all(line))

    (tmp_path / "other").mkdir()
    other, _ = certificate_in(tmp_path / "other")
    async with listening(certificate, talk) as host:
        for authorities in (None, other):
            with pytest.raises(StreamFailure, match="certificate does not hold"):
                await audit_events(EVENTS, config(host, authorities), network)
        port = host.partition(":")[2]
        with pytest.raises(StreamFailure):
            await audit_events(EVENTS, config(f"127.0.0.2:{port}", certificate[0]), network)
        assert not any(heard)
        await audit_events(EVENTS, config(host, certificate[0]), network)
    assert any(heard)


async def test_ss_01_no_message_leaves_for_an_address_inside(
    certificate: tuple[Path, Path],
) -> None:
    heard: list[bytes] = []

    async def talk(line: Line) -> None:
        heard.append(await read_all(line))

    async with listening(certificate, talk) as host, GuardedHttp() as guarded:
        inside = GuardedStreams(guarded)
        with pytest.raises(StreamFailure, match="no address that may be reached"):
            await audit_events(EVENTS, config(host, certificate[0]), inside)
        [step] = await examine_config("acme", config(host, certificate[0]), inside)
    assert (step.passed, heard) == (False, [])


async def test_ex_04_nothing_that_somebody_wrote_ends_a_message(
    network: GuardedStreams, certificate: tuple[Path, Path]
) -> None:
    heard: list[bytes] = []

    async def talk(line: Line) -> None:
        heard.append(await read_all(line))

    wrote = "\r\n<13>1 - - - - - - \x1b[2J\u2028\x00 12 <14>1 "
    odd = replace(EVENTS[0], actor_name=wrote, user_agent=wrote, details={wrote: wrote})
    async with listening(certificate, talk) as host:
        await audit_events([odd, EVENTS[1]], config(host, certificate[0]), network)
    first, second = messages(b"".join(heard))
    assert MESSAGE.fullmatch(first)
    assert MESSAGE.fullmatch(second)
    assert not set(first) - set(range(32, 127))
    assert json.loads(first[first.index(b"{") :])["actor_name"] == wrote


async def test_what_was_not_read_to_its_end_is_not_taken(
    network: GuardedStreams, certificate: tuple[Path, Path]
) -> None:
    """A server that goes away in the middle would lose what it has not read."""

    async def leave(line: Line) -> None:
        await line.receive()
        raise ConnectionAbortedError

    many = [replace(each, details={"more": "x" * 4000}) for each in events("acme", 100)]
    async with listening(certificate, leave) as host:
        with pytest.raises(StreamFailure):
            await audit_events(many, config(host, certificate[0]), network)


@pytest.mark.parametrize("reads", [0, 1])
@pytest.mark.parametrize("said", ["x", "x" * 4000], ids=["few", "many"])
async def test_a_server_that_ends_by_itself_has_read_nothing(
    network: GuardedStreams, certificate: tuple[Path, Path], reads: int, said: str
) -> None:
    """Its end of TLS answers none of ours, however decent it is."""
    read: list[bytes] = []

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read.append(await reader.read(reads))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    many = [replace(each, details={"more": said}) for each in events("acme", 100)]
    async with await asyncio.start_server(end, "127.0.0.1", 0, ssl=tls) as server:
        host = f"localhost:{server.sockets[0].getsockname()[1]}"
        for some in (many, many[:1]):
            with pytest.raises(StreamFailure):
                await audit_events(some, config(host, certificate[0]), network)
    assert max(map(len, read)) == reads


async def test_an_event_that_is_too_long_is_sent_without_its_details(
    network: GuardedStreams, certificate: tuple[Path, Path]
) -> None:
    heard: list[bytes] = []

    async def talk(line: Line) -> None:
        heard.append(await read_all(line))

    long = replace(EVENTS[1], details={"more": "\u5b57" * 1000})
    async with listening(certificate, talk) as host:
        told = [EVENTS[0], long, EVENTS[2]]
        await audit_events(told, config(host, certificate[0], longest=4096), network)
    found = messages(b"".join(heard))
    assert max(map(len, found)) <= 4096
    said = [json.loads(each[each.index(b"{") :]) for each in found]
    assert [each["id"] for each in said] == [each.id for each in told]
    assert said[1]["details"] == {"withheld": True}


@pytest.mark.parametrize("form", list(EventFormat))
def test_an_event_fits_whatever_its_columns_hold(form: str) -> None:
    """What JSON escapes takes twelve octets for a character."""
    longest = {
        "actor_id": 128,
        "actor_name": 128,
        "client_id": 255,
        "resource_id": 128,
        "user_agent": 512,
        "request_id": 64,
    }
    where = config("logs.example", format=form, hostname="h" * 255, longest=4096)
    for character in ("\U0001f600", "\x00", "\\", "x"):
        said: dict[str, Any] = {name: character * most for name, most in longest.items()}
        for kind in ("LOGIN", "USER_CREATED", "SUSPICIOUS_ACTIVITY", "TOKEN_ISSUED"):
            event = replace(EVENTS[1], type=kind, resource_type="user", **said, details=said)
            [message] = messages(framed(event, where))
            assert len(message) <= 4096
            assert event.id.encode() in message


async def test_a_test_says_what_is_wrong_and_nothing_of_what_the_server_says(
    network: GuardedStreams, certificate: tuple[Path, Path]
) -> None:
    heard: list[bytes] = []

    async def talk(line: Line) -> None:
        heard.append(await read_all(line))

    async with listening(certificate, talk) as host:
        [good] = await examine_config("acme", config(host, certificate[0]), network)
        [bad] = await examine_config("acme", config(host), network)
    assert (good.passed, good.said) == (True, "It was taken.")
    assert (bad.passed, bad.said.partition(":")[0]) == (False, "The certificate does not hold")
    assert b" TEST " in heard[0]


@pytest.mark.parametrize(
    ("wrong", "blamed"),
    [
        ({"host": "https://logs.example"}, "host"),
        ({"authorities": "-----BEGIN CERTIFICATE-----"}, "authorities"),
        ({"format": "cef"}, "format"),
        ({"facility": 24}, "facility"),
        ({"hostname": "a b"}, "hostname"),
        ({"hostname": ""}, "hostname"),
        ({"longest": 480}, "longest"),
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_message_is_refused(wrong: dict[str, object], blamed: str) -> None:
    with pytest.raises(ConnectorConfigError) as refused:
        parse_config(SyslogConfig, {"host": "logs.example", **wrong})
    assert refused.value.field == blamed


async def test_rsyslog_takes_what_is_sent(
    network: GuardedStreams, certificate: tuple[Path, Path]
) -> None:
    told: Sequence[AuditEvent] = [replace(each, id=str(uuid4())) for each in EVENTS]
    with rsyslogd_running(certificate) as server:
        where = config(f"localhost:{server.port}", certificate[0], format="ecs")
        await audit_events(told, where, network)
        async with asyncio.timeout(20):
            while len(lines := _lines(server.written)) < len(told):  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.02)
    for event, line in zip(told, lines, strict=True):
        facility, _, host, process, kind, said = line.split("\t")
        assert (facility, host, process, kind) == ("13", "authgate", "acme", event.type)
        assert json.loads(said)["event"]["id"] == event.id


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
