"""What the tests of this folder may ask for besides: people who sign in, and plugins that run."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from authgate import provisioning
from authgate.plugin_api import hookspecs
from authgate.plugin_api.hookspecs import HookRules, rules_of
from authgate.provisioning.plugin_settings import PluginChange, set_plugin
from authgate_tenants import Tenant, use_tenant
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"

Run = Callable[..., Awaitable[Tenant]]
SignIn = Callable[..., Awaitable[Any]]


@pytest.fixture
def run(server: RunningServer) -> Run:
    """Lets a plugin run for a tenant, with these settings."""

    async def running(tenant: Tenant, *plugins: str, **config: object) -> Tenant:
        await provisioning.change_tenant(
            server.parts, tenant, change=lambda before: before.changed({"enabled_plugins": plugins})
        )
        now = await server.parts.resolver.find(tenant.slug)
        assert now is not None
        if config:
            with use_tenant(now):
                await set_plugin(server.parts, plugins[0], PluginChange(config=config))
        return now

    return running


@pytest.fixture
def sign_in(server: RunningServer) -> SignIn:
    """Has somebody sign in, from an address of theirs: what the browser is answered."""

    async def answered(tenant: Tenant, username: str, *, address: str = "127.0.0.1") -> Any:
        person = Person(server.from_address(address))
        await person.visit(f"{tenant.issuer}/login")
        return await person.submit({"username": username, "password": PASSWORD}, to="/login")

    return answered


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets that nobody uses up on a busy machine."""
    for hook in (hookspecs.token_claims, hookspecs.login_policy):
        rules = HookRules(60.0, rules_of(hook).on_failure)
        monkeypatch.setattr(hook, "authgate_rules", rules)
