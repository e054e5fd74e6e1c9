"""``authgate client logouts``."""

import asyncio

import pytest
from uuid_utils.compat import uuid7

from authgate.cli import installed
from authgate.clock import utc_now
from authgate.storage.sign_in import logout_deliveries
from authgate_testing.command import Cli

DEVICE = ("--name", "TV", "--grant", "device_code", "--scope", "openid", "--public")


@pytest.fixture
def told(lite_cli: Cli) -> Cli:
    """A tenant in which somebody could not be told yet."""
    lite_cli("client", "create", "-t", "acme", *DEVICE, "--id", "tv")

    async def store() -> None:
        async with installed.inside("acme"):
            await logout_deliveries.add(uuid7(), "tv", subject="somebody", now=utc_now())
            [taken] = await logout_deliveries.take(now=utc_now(), limit=1)
            await logout_deliveries.postpone(
                taken, http_status=502, error="It answered 502.", until=utc_now()
            )

    asyncio.run(store())
    return lite_cli


def test_what_became_of_a_logout_is_shown(told: Cli) -> None:
    [shown] = told("client", "logouts", "-t", "acme", "-o", "json").data
    assert shown.pop("time")
    assert shown.pop("session")
    assert shown.pop("next_attempt")
    assert shown == {
        "client_id": "tv",
        "status": "pending",
        "attempts": 1,
        "last_status": 502,
        "last_error": "It answered 502.",
    }


def test_only_those_of_a_client_or_a_status_are_shown(told: Cli) -> None:
    words = ("client", "logouts", "-t", "acme", "-o", "json")
    assert len(told(*words, "--client", "tv", "--status", "pending").data) == 1
    assert told(*words, "--status", "failed").data == []
    assert told(*words, "--client", "other").data == []
    told("tenant", "create", "globex")
    assert told("client", "logouts", "-t", "globex", "-o", "json").data == []
