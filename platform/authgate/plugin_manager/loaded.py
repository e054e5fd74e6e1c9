"""The installed plugins of a process, let in when somebody first needs one."""

from functools import cached_property

import pluggy

from authgate.plugin_api import HttpClient, Network
from authgate.plugin_manager.configs import Configs, ConfigSource, ConfigTypes
from authgate.plugin_manager.connectors import LoginConnectors
from authgate.plugin_manager.console import ConsolePages
from authgate.plugin_manager.hooks import Plugins
from authgate.plugin_manager.isolation import Isolation
from authgate.plugin_manager.loading import load
from authgate.plugin_manager.mail import MailPlugins


class LoadedPlugins:
    """All of them, and the one way to call them. One for the process.

    Most commands need none, and are not kept waiting for them. Whatever is first asked for raises
    ``PluginRefused``.
    """

    def __init__(
        self, *, isolation: Isolation, source: ConfigSource, http: HttpClient, network: Network
    ) -> None:
        self.isolation = isolation
        self._source = source
        self._http = http
        self._network = network

    @cached_property
    def installed(self) -> pluggy.PluginManager:
        """The plugins."""
        return load()

    @cached_property
    def connectors(self) -> LoginConnectors:
        """The ways to sign in that they bring."""
        return LoginConnectors(
            self.installed, isolation=self.isolation, http=self._http, network=self._network
        )

    @cached_property
    def config_types(self) -> ConfigTypes:
        """Which settings they have."""
        return ConfigTypes(self.installed)

    @cached_property
    def configs(self) -> Configs:
        """What tenants have set for them."""
        return Configs(self.config_types, source=self._source, isolation=self.isolation)

    @cached_property
    def hooks(self) -> Plugins:
        """The way to ask them."""
        return Plugins(
            self.installed,
            isolation=self.isolation,
            configs=self.configs,
            http=self._http,
            network=self._network,
        )

    @cached_property
    def mail(self) -> MailPlugins:
        """Those that send mail."""
        return MailPlugins(
            self.installed, isolation=self.isolation, configs=self.configs, http=self._http
        )

    @cached_property
    def console(self) -> ConsolePages:
        """The pages of the console that they bring."""
        return ConsolePages(
            self.installed, isolation=self.isolation, configs=self.configs, http=self._http
        )

    @property
    def names(self) -> frozenset[str]:
        """What a tenant may enable."""
        return frozenset(name for name, _ in self.installed.list_name_plugin())

    def hooks_of(self, plugin: str) -> tuple[str, ...]:
        """The hooks that a plugin takes part in, by name."""
        callers = self.installed.get_hookcallers(self.installed.get_plugin(plugin)) or ()
        return tuple(sorted(each.name for each in callers))
