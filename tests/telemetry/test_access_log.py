"""One line for each request: enough to find it, nothing to learn from it."""

import timeit
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


def test_a_request_is_one_line(written: Any) -> None:
    AccessLog(written.settings, written.handler).answered(**ANSWERED)
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


def test_a_query_is_never_written_even_if_it_is_handed_over(written: Any) -> None:
    AccessLog(written.settings, written.handler).answered(
        **ANSWERED | {"route": "/oauth/authorize?state=abc"}
    )
    assert written.line["route"] == "/oauth/authorize"


def test_above_info_only_our_own_failures_are_written(configured: Any) -> None:
    written = configured(log_level="warning")
    log = AccessLog(written.settings, written.handler)
    log.answered(**ANSWERED)
    log.answered(**ANSWERED | {"status": 404})
    log.answered(**ANSWERED | {"status": 503})
    assert (written.line["status"], written.line["level"]) == (503, "error")


def test_ex_04_a_hostile_request_is_one_small_line(written: Any) -> None:
    AccessLog(written.settings, written.handler).answered(
        **ANSWERED | {"method": "X\n" * 999, "request_id": "\u2028" * 999, "ip": "\x1b[31m"}
    )
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


def test_a_line_is_cheap_enough_for_every_request(written: Any) -> None:
    """5 µs on a quiet core; the bound leaves room for a busy one."""
    log = AccessLog(written.settings, written.handler)
    best = min(timeit.repeat(lambda: log.answered(**ANSWERED), number=500, repeat=20)) / 500
    assert best < 20e-6
