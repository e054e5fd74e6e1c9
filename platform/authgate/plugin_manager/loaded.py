"""The installed plugins of a process, let in when somebody first needs one."""

from collections.abc import Callable
from contextvars import Context
from functools import cached_property

import pluggy

from authgate.plugin_api import HttpClient
from authgate.plugin_manager.connectors import LoginConnectors
from authgate.plugin_manager.containment import Containment
from authgate.plugin_manager.isolation import Isolation
from authgate.plugin_manager.loading import load
from authgate.plugin_manager.measured import measure


class LoadedPlugins:
    """All of them, and the one way to call them. One for the process.

    Most commands need none, and are not kept waiting for them. Whatever is first asked for raises
    ``PluginRefused``.
    """

    def __init__(self, *, http: HttpClient, context: Callable[[], Context] = Context) -> None:
        self._http = http
        self._context = context

    @cached_property
    def installed(self) -> pluggy.PluginManager:
        """The plugins."""
        return load()

    @cached_property
    def isolation(self) -> Isolation:
        """Where their code runs."""
        return Isolation(observe=measure, containment=Containment(context=self._context))

    @cached_property
    def connectors(self) -> LoginConnectors:
        """The ways to sign in that they bring."""
        return LoginConnectors(self.installed, isolation=self.isolation, http=self._http)
