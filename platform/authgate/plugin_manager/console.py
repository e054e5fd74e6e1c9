"""The pages of the console that plugins bring, and how they are asked for them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pluggy

from authgate.plugin_api import (
    ConnectorConfigError,
    ConsoleForm,
    ConsolePage,
    ConsolePart,
    ConsoleRequest,
    HttpClient,
    hookspecs,
    parse_config,
)
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.configs import Configs
from authgate.plugin_manager.console_parts import NAME, check_line, checked_parts
from authgate.plugin_manager.containment import WrongResult
from authgate.plugin_manager.implementations import implementations
from authgate.plugin_manager.isolation import Isolation, PluginFailed, Target
from authgate.plugin_manager.loading import PluginRefused
from authgate.plugin_manager.registrations import registered

AREAS = ("settings", "clients", "users")
"""What a page may be about."""

_MOST_PAGES = 5
_LONGEST_TITLE = 60
_LONGEST_NAME = 40
_LONGEST_FIELD = 100


@dataclass(frozen=True, slots=True)
class PluginPage:
    """A page, and the plugin that brings it."""

    plugin: str
    page: ConsolePage


class ConsolePages:
    """Those of all plugins that are installed."""

    def __init__(
        self,
        installed: pluggy.PluginManager,
        *,
        isolation: Isolation,
        configs: Configs,
        http: HttpClient,
    ) -> None:
        self._isolation = isolation
        self._configs = configs
        self._http = http
        self._pages = console_pages(installed)
        self._show = dict(implementations(installed, "console_page"))

    def of(self, enabled: Collection[str]) -> list[PluginPage]:
        """Those of these plugins."""
        return [each for each in self._pages if each.plugin in enabled]

    async def parts(
        self, page: PluginPage, request: ConsoleRequest, *, tenant_id: UUID
    ) -> Sequence[ConsolePart]:
        """What is on it. Raises ``ConnectorConfigError`` for a field of the form that was sent,
        ``NotConfigured`` and ``PluginFailed``."""
        target = _target(page, tenant_id)
        config = await self._configs.of(target)
        show = self._show[page.plugin]
        with _refusals(target):
            return await self._isolation.run(
                show({"request": request, "config": config, "http": self._http}),
                target,
                budget=rules_of(hookspecs.console_page).budget,
                accept=checked_parts,
                answers=(ConnectorConfigError,),
            )

    async def typed(
        self, page: PluginPage, form: ConsoleForm, raw: Mapping[str, object], *, tenant_id: UUID
    ) -> object:
        """What was sent, as the form takes it. Raises ``ConnectorConfigError`` and
        ``PluginFailed``."""

        def checked(made: object) -> object:
            if type(made) is not form.takes:
                raise WrongResult(f"{type(made).__name__} instead of what the form takes")
            return made

        target = _target(page, tenant_id)
        with _refusals(target):
            return await self._isolation.run(
                partial(parse_config, form.takes, raw),
                target,
                budget=rules_of(hookspecs.console_page).budget,
                accept=checked,
                answers=(ConnectorConfigError,),
            )


def console_pages(installed: pluggy.PluginManager) -> Sequence[PluginPage]:
    """The pages that plugins register. Raises ``PluginRefused``."""
    shown = dict(implementations(installed, "console_page"))
    found: list[PluginPage] = []
    for plugin, said in registered(installed, hookspecs.register_console_pages):
        if plugin not in shown:
            raise PluginRefused(plugin, "it registers pages of the console, and shows none.")
        try:
            found += [PluginPage(plugin, each) for each in _checked_pages(said)]
        except WrongResult as wrong:
            raise PluginRefused(plugin, f"register_console_pages: {wrong}.") from wrong
    return found


def _checked_pages(said: object) -> Sequence[ConsolePage]:
    if type(said) not in (list, tuple):
        raise WrongResult("no list of pages")
    pages: list[ConsolePage] = list(said)  # type: ignore[call-overload]  # it is one of the two
    if len(pages) > _MOST_PAGES:
        raise WrongResult(f"more than {_MOST_PAGES} pages")
    for each in pages:
        if type(each) is not ConsolePage:
            raise WrongResult(f"{type(each).__name__} instead of ConsolePage")
        check_line(each.name, longest=_LONGEST_NAME)
        check_line(each.title, longest=_LONGEST_TITLE)
        check_line(each.icon, longest=_LONGEST_NAME)
        if not (NAME.fullmatch(each.name) and NAME.fullmatch(each.icon)):
            raise WrongResult("names are lower-case letters and digits, joined by hyphens")
        if each.area not in AREAS:
            raise WrongResult(f"an area is one of {', '.join(AREAS)}")
    if len({each.name for each in pages}) < len(pages):
        raise WrongResult("two pages of one name")
    return pages


@contextmanager
def _refusals(target: Target) -> Iterator[None]:
    """What a plugin refuses is shown: it is two lines, or the plugin has failed."""
    try:
        yield
    except ConnectorConfigError as error:
        said = vars(error)  # a subclass could run a plugin's code where it is asked
        try:
            check_line(said.get("field"), longest=_LONGEST_FIELD, empty=True)
            check_line(said.get("fault"))
        except WrongResult as wrong:
            raise PluginFailed(target, wrong.outcome) from wrong
        raise ConnectorConfigError(said["field"], said["fault"]) from None


def _target(page: PluginPage, tenant_id: UUID) -> Target:
    return Target(tenant_id=tenant_id, plugin=page.plugin, call="console_page")
