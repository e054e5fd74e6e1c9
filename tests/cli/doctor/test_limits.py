"""``authgate doctor`` on what holds back who asks too often, too much or too slowly."""

import os
from collections.abc import Callable

import pytest

from authgate_testing.doctor import Doctor

Execute = Callable[..., None]


def test_limits_that_are_off_are_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_LIMITS__ENABLED"] = "false"
    dev.finds("limits-off")


def test_a_limit_that_cannot_be_read_is_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_LIMITS__LOGIN_PER_IP"] = "often"
    assert dev.finds("invalid-limit")["found"].startswith("limits.login_per_ip: 'often'")


@pytest.mark.parametrize(
    ("limit", "codes"),
    [
        ("401/min burst 10", ["loose-limit"]),
        ("20/min burst 201", ["loose-limit"]),
        ("400/min burst 200", []),
        ("1/min burst 1", []),
    ],
)
def test_a_limit_that_holds_nobody_back_is_found(dev: Doctor, limit: str, codes: list[str]) -> None:
    os.environ["AUTHGATE_LIMITS__LOGIN_PER_IP"] = limit
    dev.finds(*codes)


@pytest.mark.parametrize(
    ("limit", "code"), [("99999/s", "loose-limit"), ("seldom", "invalid-limit")]
)
def test_a_tenant_s_limit_is_looked_at_too(
    dev: Doctor, on_sqlite: Execute, limit: str, code: str
) -> None:
    on_sqlite(
        "UPDATE tenants SET settings = json_object('login_limits', json_object(?, ?))",
        "login_per_tenant",
        limit,
    )
    assert dev.finds(code)["found"].startswith("login_per_tenant of acme")


@pytest.mark.parametrize(
    ("variable", "value", "codes"),
    [
        ("SERVER__BODY_LIMIT", "1048577", ["unbounded-requests"]),
        ("SERVER__BODY_LIMIT", "1048576", []),
        ("SERVER__BODY_SECONDS", "61", ["unbounded-requests"]),
        ("DATABASE__STATEMENT_SECONDS", "31", ["unbounded-requests"]),
    ],
)
def test_requests_without_an_end_are_found(
    dev: Doctor, variable: str, value: str, codes: list[str]
) -> None:
    os.environ[f"AUTHGATE_{variable}"] = value
    dev.finds(*codes)
