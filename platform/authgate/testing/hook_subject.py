"""The plugin that is tested, by its name, and how its hooks are asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID, uuid5

import pluggy
import pytest

from authgate import plugin_manager
from authgate.plugin_api import config_fields, hookspecs
from authgate.plugin_api.hookspecs import HookRules, rules_of
from authgate.plugin_manager import Configs, ConfigTypes, Isolation, Plugins
from authgate.pretend.host import Answer, Asked
from authgate.pretend.listener import Line
from authgate.testing.fake_http import FakeHttp, no_network
from authgate.testing.fake_network import FakeNetwork
from authgate.testing.own_loop import done
from authgate.testing.secrecy import leaked, listening

if TYPE_CHECKING:
    from authgate.testing.server import RealServer
    from authgate_tenants import Tenant

Question = TypeVar("Question")
Said = TypeVar("Said")

_UNHURRIED_SECONDS = 60.0
_TENANTS = UUID(int=0)
_HOST, _PLACE = "{host}", "server.example"


class HookSubject:
    """Say which plugin it is, and what a tenant sets for it."""

    plugin: ClassVar[str]
    """The plugin's name: its entry point's."""

    settings: ClassVar[Mapping[str, object]] = {}
    """What a tenant sets for it, where it has settings. ``{host}`` in a text stands for the server
    that ``site`` is."""

    def site(self, asked: Asked) -> Answer:
        """What the server answers that the plugin asks by ``http``, where it asks one. Override it
        then: it has to answer alike however often it is asked."""
        del asked
        return Answer(status=404)

    async def talk(self, line: Line) -> None:
        """What the server does on each stream that the plugin opens to it by ``network``, where it
        speaks another protocol than HTTP. Override it then: ``{host}`` stands for it."""
        del line

    def settings_at(self, host: str) -> dict[str, object]:
        """The settings, with the server at this name and port."""
        return {
            name: value.replace(_HOST, host) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }

    async def set_up(self, server: "RealServer", tenant: "Tenant") -> None:
        """Have the tenant set them, and its server be there."""
        if not self.settings:
            return
        await server.set_up(tenant, self.plugin, self.settings_at(await self._opened(server)))

    async def _opened(self, server: "RealServer") -> str:
        if type(self).talk is not HookSubject.talk:
            return await server.listener(self.talk)
        host = await server.host()
        host.site = self.site
        return host.name

    def test_what_it_finds_of_its_settings_is_fit_and_tells_no_secret(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Where it has a part in ``examine_config``."""
        with listening() as lines:
            [steps] = answers(hookspecs.examine_config, self._examined, ["acme"])
        printed = capsys.readouterr()
        assert not leaked(self.secrets(), "\n".join([*steps, *lines, *printed]))

    async def _examined(self, tenant: str) -> list[str]:
        steps = await self.bench().examine_config(
            self.plugin, tenant_id=tenant_id(tenant), tenant=tenant
        )
        return [f"{each.name} {each.said}" for each in steps]

    def installed(self) -> pluggy.PluginManager:
        """All that is installed. The test fails where this plugin is not."""
        found = plugin_manager.load()
        if not found.has_plugin(self.plugin):
            pytest.fail(
                f"No plugin {self.plugin!r} is installed: run the tests in the folder of its"
                " pyproject.toml, or install it by pip install --editable."
            )
        return found

    def bench(self, *, isolation: Isolation | None = None) -> Plugins:
        """Asks it as the server does."""
        isolation, http, network = isolation or Isolation(), FakeHttp(), FakeNetwork()
        http.serve(_PLACE, self.site)
        network.serve(_PLACE, self.talk)
        return Plugins(
            self.installed(),
            isolation=isolation,
            configs=self.configs(isolation),
            http=http,
            network=network,
        )

    def configs(self, isolation: Isolation) -> Configs:
        """What every tenant has set for it."""
        source = _Kept(self.plugin, self.settings_at(_PLACE))
        return Configs(ConfigTypes(self.installed()), source=source, isolation=isolation)

    def secrets(self) -> list[str]:
        """The values of its settings that nobody may see."""
        kind = ConfigTypes(self.installed()).types.get(self.plugin)
        secret = {each.name for each in config_fields(kind) if each.secret} if kind else set()
        return [str(value) for name, value in self.settings.items() if name in secret]


class _Kept:
    """What every tenant has set."""

    def __init__(self, plugin: str, settings: Mapping[str, object]) -> None:
        self._plugin = plugin
        self._settings = settings

    async def of(self, plugin: str, *, tenant_id: UUID) -> "_Opened":
        """The same for all of them."""
        del tenant_id
        return _Opened(self._settings if plugin == self._plugin and self._settings else None)


@dataclass(frozen=True, slots=True)
class _Opened:
    values: Mapping[str, object] | None
    made: list[object] = field(default_factory=list)


def tenant_id(slug: str) -> UUID:
    """The same for the same tenant."""
    return uuid5(_TENANTS, slug)


def answers(
    hook: Callable[..., object],
    ask: Callable[[Question], Awaitable[Said]],
    requests: Sequence[Question],
) -> list[Said]:
    """What the hook says to all of these at once, without a network."""

    async def all_at_once() -> list[Said]:
        return await asyncio.gather(*map(ask, requests))

    with unhurried(hook), no_network() as tried:
        said = done(all_at_once())
    assert not tried, f"the plugin called socket.{tried[0]}: it asks by http alone"
    return said


@contextmanager
def observed() -> Iterator[Isolation]:
    """An isolation; the block fails where a call into a plugin did."""
    outcomes: list[str] = []
    yield Isolation(observe=lambda call: outcomes.append(call.outcome))
    assert outcomes, "the plugin was not asked"
    assert set(outcomes) <= {"done"}, outcomes


@contextmanager
def unhurried(hook: Any) -> Iterator[None]:
    """A busy machine is no fault of the plugin: its processor time is measured by itself."""
    rules = HookRules(_UNHURRIED_SECONDS, rules_of(hook).on_failure)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hook, "authgate_rules", rules)
        yield
