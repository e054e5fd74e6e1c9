"""One line for each request: enough to find it, nothing to learn from it."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from authgate.telemetry.access_log import AccessLog, ip_prefix

ANSWERED: dict[str, Any] = {
    "method": "POST",
    "route": "/oauth/token",
    "status": 200,
    "seconds": 0.0123456,
    "request_id": "0193e0c2-1234-7abc-8def-1234567890ab",
    "tenant": "acme",
    "ip": "203.0.113.77",
}


async def test_a_request_is_one_line(written: Any) -> None:
    AccessLog(written.settings, written.handler).answered(**ANSWERED)
    await asyncio.sleep(0)
    line = written.line
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request",
        "logger": "authgate.telemetry.access_log",
        "request_id": "0193e0c2-1234-7abc-8def-1234567890ab",
        "tenant": "acme",
        "method": "POST",
        "route": "/oauth/token",
        "status": 200,
        "dur_ms": 12.35,
        "ip": "203.0.113.0/24",
    }


def test_the_console_shows_the_same(configured: Any) -> None:
    written = configured(log_format="console")
    AccessLog(written.settings, written.handler).answered(**ANSWERED)
    assert "status=200" in written.text
    assert "203.0.113.77" not in written.text


async def test_the_lines_of_one_turn_of_the_loop_are_written_together(written: Any) -> None:
    log = AccessLog(written.settings, written.handler)
    for status in (200, 401, 200):
        log.answered(**ANSWERED | {"status": status})
    assert written.text == ""
    await asyncio.sleep(0)
    statuses = [json.loads(line)["status"] for line in written.text.splitlines()]
    assert statuses == [200, 401, 200]


async def test_a_query_is_never_written_even_if_it_is_handed_over(written: Any) -> None:
    AccessLog(written.settings, written.handler).answered(
        **ANSWERED | {"route": "/oauth/authorize?state=abc"}
    )
    await asyncio.sleep(0)
    assert written.line["route"] == "/oauth/authorize"


async def test_above_info_only_our_own_failures_are_written(configured: Any) -> None:
    written = configured(log_level="warning")
    log = AccessLog(written.settings, written.handler)
    log.answered(**ANSWERED)
    log.answered(**ANSWERED | {"status": 404})
    log.answered(**ANSWERED | {"status": 503})
    await asyncio.sleep(0)
    assert (written.line["status"], written.line["level"]) == (503, "error")


async def test_ex_04_a_hostile_request_is_one_small_line(written: Any) -> None:
    AccessLog(written.settings, written.handler).answered(
        **ANSWERED | {"method": "X\n" * 999, "request_id": "\u2028" * 999, "ip": "\x1b[31m"}
    )
    await asyncio.sleep(0)
    assert len(written.text.splitlines()) == 1
    assert len(written.text) < 1024


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("nonsense", "invalid"),
    ],
)
def test_of_an_address_only_the_network_is_written(ip: str, prefix: str) -> None:
    assert ip_prefix(ip) == prefix


BUSY = """
import asyncio, sys
from authgate.telemetry.access_log import AccessLog
from authgate.telemetry.logs import JsonLines, LineHandler

class Settings:
    log_format, log_level = "json", "info"

async def main():
    log = AccessLog(Settings, LineHandler(JsonLines(), sys.stderr))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(100):
        for _ in range(100):
            log.answered(method="POST", route="/oauth/token", status=200, seconds=0.01,
                         request_id="0" * 32, tenant=sys.argv[1], ip="203.0.113.77")
        await asyncio.sleep(0)

asyncio.run(main())
"""


def test_processes_that_share_a_pipe_do_not_write_into_each_other_s_lines() -> None:
    reader, writer = os.pipe()
    busy = [_busy(tenant, stderr=writer) for tenant in ("acme", "globex")]
    os.close(writer)
    assert all(process.stdout and process.stdout.readline() == "ready\n" for process in busy)
    for process in busy:
        _go(process)
    with os.fdopen(reader) as lines:
        tenants = [json.loads(line)["tenant"] for line in lines]
    for process in busy:
        process.communicate(timeout=10)
    assert [tenants.count(tenant) for tenant in ("acme", "globex")] == [10_000, 10_000]


def _busy(tenant: str, *, stderr: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", BUSY, tenant]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, text=True)


def _go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
