"""Whoever may read acme's log, by a browser and by a program."""

import pytest

from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    """A program that may read acme's log."""
    return await api_client(server, acme, Scope.AUDIT_READ.value)


@pytest.fixture
async def foreign_api(server: RunningServer, globex: Tenant) -> ApiClient:
    """A program that may read globex's."""
    return await api_client(server, globex, Scope.AUDIT_READ.value)


@pytest.fixture
async def auditor(acme: Tenant, alice: User, person: Person) -> Person:
    """Alice, who may look at everything and change nothing."""
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.AUDITOR)
    return person
