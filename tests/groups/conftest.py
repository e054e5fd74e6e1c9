"""What the tests of this folder may ask for besides: an application that is told of groups."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from authgate import provisioning
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.people.groups import Group, GroupDraft
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.server import RunningServer

Portal = Callable[..., Awaitable[Application]]
Begin = Callable[..., Awaitable[Group]]


@pytest.fixture
def portal(server: RunningServer, acme: Tenant) -> Portal:
    """An application of acme's that is told of groups so."""

    async def made(**metadata: Any) -> Application:
        with use_tenant(acme):
            client = await provisioning.add_client(
                server.parts,
                ClientDraft(
                    name="Portal",
                    grant_types=["authorization_code", "refresh_token"],
                    scopes=["openid", "email", "groups", "roles", "offline_access"],
                    redirect_uris=["https://portal.example/callback"],
                    metadata=ClientMetadata(**metadata),
                ),
            )
        return Application(server.http, acme, client, "https://portal.example/callback")

    return made


@pytest.fixture
def begin(server: RunningServer, acme: Tenant) -> Begin:
    """Begin a group of acme's with these people."""

    async def begun(name: str, *people: User, roles: Sequence[str] = ()) -> Group:
        with use_tenant(acme):
            group = await provisioning.add_group(GroupDraft(name, roles=roles))
            wanted = [each.id for each in people]
            await provisioning.add_members(group.id, wanted, now=server.clock())
        return group

    return begun
