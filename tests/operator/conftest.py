"""What the tests of this folder may ask for besides: the operators' tenant, and who is there."""

import pytest

from authgate import provisioning
from authgate.permissions import UserRole
from authgate.settings import Settings
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.tokens import operator_scopes
from authgate.tokens.audiences import OPERATOR_API
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, administering, api_client
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

EVERYTHING = tuple(scope.value for scope in operator_scopes.Scope)


@pytest.fixture  # type: ignore[no-redef]  # made of the one that is there
def settings(settings: Settings) -> Settings:
    """With operators, who may ask more at once than anybody does."""
    many = dict.fromkeys(("api_per_caller", "bearer_failures"), "1000/s burst 10000")
    limits = settings.limits.model_copy(update=many)
    return settings.model_copy(update={"operator_tenant": "ops", "limits": limits})


@pytest.fixture
async def ops(server: RunningServer) -> Tenant:
    """The operators' tenant."""
    return await provisioning.add_tenant(server.parts, slug="ops", name="Operations")


@pytest.fixture
async def operator(server: RunningServer, ops: Tenant) -> ApiClient:
    """A program that may do everything operators may."""
    return await api_client(server, ops, *EVERYTHING, base=OPERATOR_API)


@pytest.fixture
async def mira(server: RunningServer, ops: Tenant, password_hash: str) -> User:
    """A person of the operators' tenant, who owns it."""
    with use_tenant(ops):
        return await users.create(
            username="mira",
            name="Mira Halvorsen",
            email="mira@ops.example",
            email_verified=True,
            password_hash=password_hash,
            role=UserRole.OWNER,
        )


@pytest.fixture
async def at_browser(server: RunningServer, ops: Tenant, mira: User) -> Person:
    """Mira, signed in."""
    person = Person(server.browser())
    page = await person.sign_in(ops.issuer, mira.username, PASSWORD)
    assert page.url.path.endswith("/account/sessions"), page.text
    return person


@pytest.fixture
async def by_mira(server: RunningServer, ops: Tenant, at_browser: Person) -> ApiClient:
    """The operator API as mira asks it."""
    application = await administering(server, ops, *EVERYTHING)
    issued = await application.signed_in(at_browser, scope=" ".join(EVERYTHING))
    return ApiClient(server.http, ops, issued["access_token"], base=OPERATOR_API)
