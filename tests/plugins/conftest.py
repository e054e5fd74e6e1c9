"""Plugins that are installed for one test, and a GitHub that answers on this machine."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest

from authgate.plugin_api import TokenClaimsRequest, hookspecs
from authgate.plugin_api.hookspecs import HookRules, OnFailure
from authgate.plugin_manager import (
    Configs,
    ConfigTypes,
    GuardedHttp,
    Isolation,
    PluginCall,
    Plugins,
    load,
)
from authgate.plugin_manager.breaker import Breakers
from authgate.plugin_manager.console import ConsolePages
from authgate.plugin_manager.mail import MailPlugins
from authgate_testing.installed_plugins import put_plugin
from authgate_testing.pretend_github import PretendGitHub
from authgate_testing.pretend_host import *  # noqa: F403 - a fixture among them
from authgate_testing.pretend_host import Host

# --- Plugins -------------------------------------------------------------------------------------


class Install(Protocol):
    """Puts a plugin on the path, as an installer would."""

    def __call__(self, name: str, source: str, *, folder: str = ...) -> None: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs plugins for one test: a module, and a distribution that declares it."""
    modules: list[str] = []

    def put(name: str, source: str, *, folder: str = "site") -> None:
        module = f"{folder}_{name}_plugin".replace("-", "_")
        site = tmp_path / folder
        put_plugin(site, name, source, module=module)
        monkeypatch.syspath_prepend(str(site))
        modules.append(module)

    yield put
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def claims_budget(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that a plugin may take for claims: more than a busy machine takes for them."""
    rules = HookRules(getattr(request, "param", 60.0), OnFailure.SKIP)
    monkeypatch.setattr(hookspecs.token_claims, "authgate_rules", rules)


@dataclass
class Watch:
    """A clock that the test turns."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def calls() -> list[PluginCall]:
    """Every call into a plugin that was observed."""
    return []


@pytest.fixture
def isolation(watch: Watch, calls: list[PluginCall]) -> Isolation:
    return Isolation(breakers=Breakers(monotonic=watch), observe=calls.append)


@pytest.fixture
def tenant_id() -> UUID:
    return uuid4()


@dataclass(frozen=True, slots=True)
class _Unset:
    values: None = None
    made: list[object] = field(default_factory=list)


class _NothingSet:
    async def of(self, plugin: str, *, tenant_id: UUID) -> _Unset:
        del plugin, tenant_id
        return _Unset()


InstalledPlugins = Callable[[Isolation], Plugins]


@pytest.fixture
def installed_plugins() -> InstalledPlugins:
    """The installed plugins, for tenants that have set nothing for them."""

    def made(isolation: Isolation) -> Plugins:
        installed = load()
        configs = Configs(ConfigTypes(installed), source=_NothingSet(), isolation=isolation)
        return Plugins(installed, isolation=isolation, configs=configs, http=GuardedHttp())

    return made


@pytest.fixture
def installed_beside() -> Callable[[Isolation], tuple[MailPlugins, ConsolePages]]:
    """The installed plugins that send mail or have pages, for tenants that have set nothing."""

    def made(isolation: Isolation) -> tuple[MailPlugins, ConsolePages]:
        installed, http = load(), GuardedHttp()
        configs = Configs(ConfigTypes(installed), source=_NothingSet(), isolation=isolation)
        return (
            MailPlugins(installed, isolation=isolation, configs=configs, http=http),
            ConsolePages(installed, isolation=isolation, configs=configs, http=http),
        )

    return made


ClaimsOf = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def claims_of(
    installed_plugins: InstalledPlugins,
    isolation: Isolation,
    tenant_id: UUID,
    claims_budget: None,
) -> ClaimsOf:
    """What the installed plugins say in a token of a tenant that has enabled them."""
    request = TokenClaimsRequest(
        tenant="acme",
        issuer="https://sso.example/t/acme",
        client_id="cli",
        subject="alice",
        grant_type="client_credentials",
        scope=frozenset({"read"}),
    )
    plugins: list[Plugins] = []

    async def ask(
        *enabled: str, tenant_id: UUID = tenant_id, prefix: str = "extra"
    ) -> dict[str, Any]:
        if not plugins:
            plugins.append(installed_plugins(isolation))
        added = await plugins[0].token_claims(
            request, tenant_id=tenant_id, enabled=enabled, private_claim_prefix=prefix
        )
        return dict(added.claims)

    return ask


# --- A provider on this machine ------------------------------------------------------------------


@pytest.fixture
async def http(certificate: tuple[Path, Path]) -> AsyncIterator[GuardedHttp]:
    """The plugins' way out, with this machine allowed and its certificate trusted."""
    allowed = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    async with GuardedHttp(allowed_networks=allowed, authorities=certificate[0]) as client:
        yield client


@pytest.fixture
def github(host: Host) -> PretendGitHub:
    """A GitHub Enterprise on this machine."""
    host.site = github = PretendGitHub(host=host.name)
    return github
