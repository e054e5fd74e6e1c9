"""Of redemptions that arrive together, over two processes, exactly one wins: every time."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from authgate import storage
from authgate.provisioning import NewClient
from authgate.settings import Settings
from authgate.storage import device_codes
from authgate.storage.device_codes import DeviceCodeStatus
from authgate.storage.tokens import Token
from authgate.storage.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer

ROUNDS, REDEMPTIONS = 100, 100
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SERVICES = Path(__file__).parent.parent / "services"


class Racer:
    """A server process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def send(self, request: dict[str, object]) -> list[int]:
        """The statuses of the request, sent as often as it says."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        await self._process.stdin.drain()
        statuses: list[int] = json.loads(await self.line())
        return statuses

    async def line(self) -> bytes:
        """The next line it says."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert line, "the racer has ended"
        return line


@asynccontextmanager
async def racer(settings: Settings) -> AsyncIterator[Racer]:
    """Another process that serves the same database."""
    environment = os.environ | {
        "PYTHONPATH": str(SERVICES),
        "AUTHGATE_DATABASE__URL": settings.database.url.get_secret_value(),
        "AUTHGATE_KEYS__KEK_FILE": str(settings.keys.kek_file),
        "AUTHGATE_LOG_LEVEL": "error",
        "AUTHGATE_LIMITS__ENABLED": "false",  # every racer has to get through to the code
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "authgate_testing.racer",
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        running = Racer(process)
        assert await running.line() == b"ready\n"
        yield running
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 30)


@pytest.fixture
async def racers(settings: Settings, server: RunningServer) -> AsyncIterator[list[Racer]]:
    """Two processes that serve the database of ``server``."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(racer(settings)) for _ in range(2)]


async def approved_code(tenant: Tenant, client: NewClient, user: User) -> str:
    """A device code that its person has approved."""
    now = user.created_at + timedelta(seconds=1)
    with use_tenant(tenant):
        async with storage.transaction():
            issued = await device_codes.issue(
                client_id=client.client.client_id,
                scope="read",
                poll_interval=5,
                ip="192.0.2.1",
                user_agent="",
                now=now,
                expires_at=now + timedelta(minutes=30),
            )
            assert await device_codes.decide(
                issued.id,
                status=DeviceCodeStatus.APPROVED,
                user_id=user.id,
                authenticated_at=now,
                now=now,
            )
    return issued.device_code


async def test_dv_06_a_code_is_redeemed_once_however_many_try_at_once(
    racers: list[Racer], acme: Tenant, device_client: NewClient, alice: User
) -> None:
    for _ in range(ROUNDS):
        code = await approved_code(acme, device_client, alice)
        request: dict[str, object] = {
            "url": f"{acme.issuer}/oauth/token",
            "data": {
                "grant_type": GRANT,
                "client_id": device_client.client.client_id,
                "device_code": code,
            },
            "times": REDEMPTIONS // 2,
        }
        answers = await asyncio.gather(*(each.send(request) for each in racers))
        statuses = Counter(status for each in answers for status in each)
        assert statuses == {200: 1, 400: REDEMPTIONS - 1}, statuses
    with use_tenant(acme):
        assert await Token.all().count() == ROUNDS
