"""One line for each request: enough to find it, nothing to learn from it."""

import asyncio
import json
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
