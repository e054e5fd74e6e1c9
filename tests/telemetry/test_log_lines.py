"""Every line has the same form, whoever wrote it and whatever is in it (EX-04)."""

import logging
import time
from typing import Any
from uuid import UUID

import pytest
import structlog

from authgate.telemetry import logs
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant

ACME = Tenant(
    id=UUID(int=1),
    slug="acme",
    name="Acme",
    status=TenantStatus.ACTIVE,
    issuer="https://id.example/t/acme",
    prefix="/t/acme",
    settings=TenantSettings(),
)
log = structlog.get_logger("authgate.test")


def test_a_line_says_when_how_important_what_and_where(written: Any) -> None:
    log.info("cache filled", entries=3)
    line = written.line
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "event": "cache filled",
        "logger": "authgate.test",
        "entries": 3,
    }


def test_a_line_names_the_request_and_the_tenant_it_belongs_to(written: Any) -> None:
    asked = logs.request_id.set("0193e0c2-1234-7abc-8def-1234567890ab")
    with use_tenant(ACME):
        log.info("inside")
    logs.request_id.reset(asked)
    log.info("outside")
    inside, outside = written.lines
    assert (inside["request_id"], inside["tenant"]) == (
        "0193e0c2-1234-7abc-8def-1234567890ab",
        "acme",
    )
    assert "request_id" not in outside
    assert "tenant" not in outside


@pytest.mark.parametrize(
    "library", ["hypercorn.error", "uvicorn.error", "celery.worker", "tortoise", "some.stranger"]
)
def test_a_librarys_lines_come_out_in_the_same_form(written: Any, library: str) -> None:
    logging.getLogger(library).warning("lost %d of %s", 2, "them")
    assert written.line["event"] == "lost 2 of them"
    assert written.line["logger"] == library


def test_a_librarys_wrong_arguments_still_make_a_line() -> None:
    record = logging.LogRecord("stranger", logging.ERROR, "x.py", 1, "lost %d", ("many",), None)
    assert '"event":"lost %d"' in logs.JsonLines().format(record)


@pytest.mark.parametrize("library", ["hypercorn.access", "uvicorn.access", "httpx", "asyncio"])
def test_a_librarys_chatter_about_requests_is_not_written(written: Any, library: str) -> None:
    logging.getLogger(library).info("GET /oauth/authorize?state=abc")
    assert written.text == ""


def test_statements_and_their_values_are_written_at_no_level(configured: Any) -> None:
    written = configured(log_level="debug")
    for library in ("tortoise.db_client", "aiosqlite"):
        logging.getLogger(library).debug("INSERT INTO users VALUES (…)")
    assert written.text == ""


def test_what_is_less_important_than_the_level_is_not_written(configured: Any) -> None:
    written = configured(log_level="warning")
    log.info("not this")
    log.warning("this")
    assert written.line["event"] == "this"


@pytest.mark.parametrize(
    "hostile",
    [
        'ok"}\n{"level":"info","event":"forged"}',
        "ok\r\nforged",
        "ok\u2028forged\u2029forged\x85forged",
        "\x1b[2J\x1b[31mred",
        "\u202eexe.gpj",
        "\ud800 half a character",
        "a\0b",
    ],
)
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_ex_04_nobody_can_write_a_line_of_their_own(
    configured: Any, log_format: str, hostile: str
) -> None:
    written = configured(log_format=log_format)
    log.info("asked", user_agent=hostile)
    log.info(hostile)
    logging.getLogger("hypercorn.error").warning("bad head: %s", hostile)
    assert len(written.text.splitlines()) == 3
    assert written.text.isprintable() or written.text.replace("\n", "").isprintable()


def test_ex_04_a_value_of_a_megabyte_is_cut_at_a_kilobyte(written: Any) -> None:
    log.info("asked", user_agent="Mozilla " * 131072, nested={"deep": ["x " * 4096]})
    assert len(written.line["user_agent"]) < 1100
    assert len(written.line["nested"]["deep"][0]) < 1100


def test_ex_04_a_line_stays_small_however_much_it_is_given(written: Any) -> None:
    log.info("asked", many=list(range(100_000)), wide={str(n): n for n in range(100_000)})
    assert len(written.text) < 4096


def test_an_error_is_told_with_its_place_and_its_causes_on_one_line(written: Any) -> None:
    try:
        try:
            raise KeyError("kid")
        except KeyError as cause:
            raise ValueError("no such key\nforged") from cause
    except ValueError:
        log.exception("it broke")
    line = written.line
    assert line["error"] == "ValueError: no such key\\u000aforged"
    assert line["caused_by"] == ["KeyError: 'kid'"]
    assert "test_log_lines.py" in line["stack"][0]


def test_an_error_without_an_error_is_only_a_line(written: Any) -> None:
    log.info("quiet", exc_info=True)  # noqa: LOG014 - that is the point
    assert "error" not in written.line


@pytest.mark.parametrize(
    "odd", [2**70, -(2**70), float("nan"), object(), {1, 2}, b"\xff", UUID(int=1)]
)
def test_any_value_can_be_logged(written: Any, odd: object) -> None:
    log.info("odd", value=odd)
    assert "value" in written.line


def test_a_value_that_cannot_be_shown_is_named_by_its_type(written: Any) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    log.info("odd", value=Broken())
    assert written.line["value"] == "<Broken: RuntimeError>"


def test_a_field_cannot_pretend_to_be_another_line(written: Any) -> None:
    log.info("asked", level="critical", logger="authgate.audit", ts="never")
    assert written.line["level"] == "info"
    assert written.line["logger"] == "authgate.test"


@pytest.mark.parametrize(
    "piece",
    ["a-", "a", "token", "/", "=", "token=", "a@", "://", "https://", "a.", "cookie", "eyJ", "B"],
)
def test_ex_04_a_hostile_text_costs_no_more_than_its_length(written: Any, piece: str) -> None:
    def taken() -> float:
        began = time.thread_time()
        log.info("asked", value=piece * 4096)
        return time.thread_time() - began

    # By what grows with the square it would be seconds of the processor.
    assert min(taken() for _ in range(3)) < 0.1
