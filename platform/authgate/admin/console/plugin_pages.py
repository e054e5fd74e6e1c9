"""``/admin/plugins``: the plugins that may run for the tenant, how each is, and what it goes by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.standing import actor
from authgate.admin.console import frame, plugin_fields
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done
from authgate.languages import by_plugin
from authgate.permissions import Area, reads, writes
from authgate.provisioning import UnfitSetting
from authgate.provisioning.plugin_settings import (
    TenantPlugin,
    UnfitPluginSetting,
    UnknownPlugin,
    examine_plugin,
    pause_plugin,
    plugin_of_tenant,
    plugins_of_tenant,
    reset_plugin,
    set_plugin,
)
from authgate.storage.audit import audit_feeds
from authgate.web.connection_view_models import TestedStep
from authgate.web.console_view_models import Done
from authgate.web.plugin_view_models import (
    FailureLine,
    FeedLine,
    PluginLine,
    PluginPage,
    PluginsPage,
    PluginState,
)

_HERE = "/plugins"
_ONE = f"{ROOT}{_HERE}/<string(maxlength=40):plugin>"
_LATELY = timedelta(hours=1)


class PluginPages:
    """The tenant's plugins."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("plugins")
        routes.get(f"{ROOT}{_HERE}", self.every, reads(Area.SETTINGS))
        routes.get(_ONE, self.show, reads(Area.SETTINGS))
        routes.post(_ONE, self.change, writes(Area.SETTINGS))
        routes.post(f"{_ONE}/pause", self.pause, writes(Area.SETTINGS))
        routes.post(f"{_ONE}/reset", self.reset, writes(Area.SETTINGS))
        routes.post(f"{_ONE}/test", self.test, writes(Area.SETTINGS))
        return routes.blueprint

    async def every(self) -> Response:
        """All of them."""
        content = PluginsPage(
            frame=await self._console.frame(),
            plugins=[
                PluginLine(each.name, _url(each), each.hooks, self._state(each))
                for each in await plugins_of_tenant(self._console.parts)
            ],
        )
        return self._console.show("plugins.html", content)

    async def show(self, plugin: str) -> Response:
        """One of them."""
        return await self._page(await self._named(plugin))

    async def change(self, plugin: str) -> Response:
        """Have it go by what was typed, or show that again, the secrets excepted."""
        refuse_guest()
        found, form = await self._named(plugin), await request.form
        wanted, made = plugin_fields.change(found, form), plugin_fields.made(found, form)
        wanted = replace(wanted, config={**wanted.config, **made})
        try:
            await set_plugin(self._console.parts, found.name, wanted, actor=actor())
        except UnfitPluginSetting as error:
            return await self._unfit(found, form, error)
        if made:
            return await self._page(await self._named(plugin), made=made)
        return done(f"{_HERE}/{found.name}", Done.CHANGED)

    async def pause(self, plugin: str) -> Response:
        """Leave it out, or let it run again."""
        refuse_guest()
        found, paused = await self._named(plugin), (await request.form).get("paused") == "1"
        try:
            await pause_plugin(self._console.parts, found.name, paused=paused, actor=actor())
        except UnfitSetting as error:
            return await self._page(found, problem=by_plugin(error.fault))
        return done(f"{_HERE}/{found.name}", Done.CHANGED)

    async def reset(self, plugin: str) -> Response:
        """Forget what was set for it."""
        refuse_guest()
        found = await self._named(plugin)
        await reset_plugin(self._console.parts, found.name, actor=actor())
        return done(f"{_HERE}/{found.name}", Done.CHANGED)

    async def test(self, plugin: str) -> Response:
        """The page, with what was found just now."""
        found = await self._named(plugin)
        steps = await examine_plugin(self._console.parts, found.name)
        tested = [
            TestedStep(by_plugin(each.name), each.passed, by_plugin(each.said)) for each in steps
        ]
        return await self._page(found, steps=tested)

    async def _named(self, plugin: str) -> TenantPlugin:
        try:
            return await plugin_of_tenant(self._console.parts, plugin)
        except UnknownPlugin as error:
            raise NotFound from error

    async def _unfit(
        self, plugin: TenantPlugin, typed: Mapping[str, str], error: UnfitPluginSetting
    ) -> Response:
        if error.setting in {each.name for each in plugin.fields}:
            return await self._page(
                plugin, typed=typed, faults={error.setting: by_plugin(error.fault)}
            )
        return await self._page(plugin, typed=typed, problem=str(error))

    async def _page(
        self,
        plugin: TenantPlugin,
        *,
        typed: Mapping[str, str] | None = None,
        faults: Mapping[str, str] | None = None,
        problem: str = "",
        steps: Sequence[TestedStep] = (),
        made: Mapping[str, str] | None = None,
    ) -> Response:
        labels = {each.name: by_plugin(each.label) for each in plugin.fields}
        content = PluginPage(
            frame=await self._console.frame(),
            name=plugin.name,
            list_url=frame.url(_HERE),
            action=_url(plugin),
            pause_action=f"{_url(plugin)}/pause",
            reset_action=f"{_url(plugin)}/reset",
            test_action=f"{_url(plugin)}/test",
            hooks=plugin.hooks,
            state=self._state(plugin),
            fields=plugin_fields.fields(plugin, typed=typed, faults=faults),
            is_set=plugin.kept is not None,
            failure=self._failure(plugin),
            feed=_feed(plugin),
            problem=problem,
            steps=steps,
            made=[(labels[name], secret) for name, secret in (made or {}).items()],
        )
        return self._console.show("plugin.html", content, 400 if faults or problem else 200)

    def _state(self, plugin: TenantPlugin) -> PluginState:
        if plugin.paused:
            return PluginState.PAUSED
        if plugin.waits:
            return PluginState.WAITS
        failure, now = plugin.failure, self._console.now()
        if failure is None or failure.failed_at < now - _LATELY:
            return PluginState.RUNS
        rests = failure.paused_until is not None and failure.paused_until > now
        return PluginState.RESTS if rests else PluginState.FAILS

    def _failure(self, plugin: TenantPlugin) -> FailureLine | None:
        failure = plugin.failure
        if failure is None:
            return None
        ends = failure.paused_until
        return FailureLine(
            call=failure.call,
            outcome=failure.outcome,
            fault=failure.fault,
            failures=failure.failures,
            failed_at=failure.failed_at,
            paused_until=ends if ends and ends > self._console.now() else None,
        )


def _feed(plugin: TenantPlugin) -> FeedLine | None:
    feed = plugin.feed
    if feed is None:
        return None
    return FeedLine(
        feed.waiting_since,
        feed.next_at if feed.failures else None,
        waiting=feed.waiting,
        and_more=feed.waiting >= audit_feeds.MOST_COUNTED,
    )


def _url(plugin: TenantPlugin) -> str:
    return frame.url(f"{_HERE}/{plugin.name}")
