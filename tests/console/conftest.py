"""The server under watch, its callers, and acme's administrator."""

import pytest

from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


async def _in_charge(server: RunningServer, tenant: Tenant, user: User) -> Person:
    with use_tenant(tenant):
        await UserRow.filter(id=user.id).update(role=UserRole.ADMIN)
    person = Person(server.browser())
    await person.sign_in(tenant.issuer, user.username, PASSWORD)
    return person


@pytest.fixture
async def admin(server: RunningServer, acme: Tenant, alice: User) -> Person:
    """Alice, signed in, and in charge of acme."""
    return await _in_charge(server, acme, alice)


@pytest.fixture
async def foreign_admin(server: RunningServer, globex: Tenant, bob: User) -> Person:
    """Bob, signed in, and in charge of globex."""
    return await _in_charge(server, globex, bob)
