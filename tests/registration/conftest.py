"""What the tests of this folder may ask for besides: the server under watch, and who registers."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from authgate import provisioning
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.pretend_host import *  # noqa: F403 - a fixture
from authgate_testing.server import RunningServer

Choose = Callable[..., Awaitable[None]]
Allow = Callable[..., Awaitable[str]]


@pytest.fixture
def choose(server: RunningServer, acme: Tenant) -> Choose:
    """Change acme's settings."""

    async def change(**settings: Any) -> None:
        await provisioning.change_tenant(
            server.parts, acme, change=lambda before: before.changed(settings)
        )

    return change


@pytest.fixture
async def at_open(choose: Choose, at_acme: Caller) -> Caller:
    """A program that calls acme, where everybody may register, and what registers is served."""
    await choose(client_registration="open", client_registration_approval=False)
    return at_acme


@pytest.fixture
def allow(server: RunningServer) -> Allow:
    """Make an initial access token of a tenant."""

    async def made(tenant: Tenant, *, uses: int = 1, seconds: float = 3600) -> str:
        now = server.parts.clock()
        with use_tenant(tenant):
            token, _ = await provisioning.allow_registration(
                description="a test",
                uses=uses,
                now=now,
                expires_at=now + timedelta(seconds=seconds),
            )
        return token

    return made
