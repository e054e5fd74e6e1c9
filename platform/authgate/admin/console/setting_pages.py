"""``/admin/settings``: what the tenant chooses, group by group, and what it chose before."""

from collections.abc import Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import provisioning, storage
from authgate.accounts.standing import actor
from authgate.admin.console import frame, setting_fields
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.admin.console.setting_fields import BadSettings
from authgate.languages import text
from authgate.permissions import Area, reads, writes
from authgate.provisioning import UnfitSetting, UnfitTenant, tenant_settings
from authgate.storage.paging import BadCursor
from authgate.storage.redis.rate_limits import BadLimit
from authgate.storage.tenants import settings_versions
from authgate.storage.tenants.settings_versions import SettingsVersion
from authgate.web.console_view_models import Done
from authgate.web.setting_view_models import (
    DifferenceLine,
    GroupLink,
    HistoryPage,
    SettingsPage,
    VersionPage,
    VersionRow,
)
from authgate_tenants import TenantSettings, current_tenant, lifecycle
from authgate_tenants.setting_groups import GROUPS, SettingGroup

HERE = "/settings"
HISTORY = f"{HERE}/history"
_GROUP = f"{ROOT}{HERE}/<group>"
_VERSION = f"{ROOT}{HISTORY}/<row_id>"
_ELSEWHERE = (SettingGroup.BRANDING, SettingGroup.PLUGINS)
"""These have pages of their own."""
_SHOWN = [each for each in SettingGroup if each not in _ELSEWHERE]
LONGEST_COMMENT = settings_versions.LONGEST_COMMENT


class SettingPages:
    """The tenant's settings."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("settings")
        routes.get(f"{ROOT}{HERE}", self.first, reads(Area.SETTINGS))
        routes.get(f"{ROOT}{HISTORY}", self.history, reads(Area.SETTINGS))
        routes.get(_VERSION, self.version, reads(Area.SETTINGS))
        routes.post(f"{_VERSION}/restore", self.restore, writes(Area.SETTINGS))
        routes.get(_GROUP, self.show, reads(Area.SETTINGS))
        routes.post(_GROUP, self.change, writes(Area.SETTINGS))
        return routes.blueprint

    async def first(self) -> Response:
        """The first group."""
        return await self._page(_SHOWN[0], await stored(), {})

    async def show(self, group: str) -> Response:
        """One group."""
        return await self._page(_named_group(group), await stored(), {})

    async def change(self, group: str) -> Response:
        """Choose otherwise, or show again what was typed; nothing over what somebody else has
        chosen since it was shown."""
        wanted, form = _named_group(group), await request.form
        if wanted is SettingGroup.OPERATOR:
            raise NotFound
        async with storage.transaction():
            row = await lifecycle.locked(current_tenant().id)
            before = TenantSettings.from_json(row.settings)
            if form.get("version") != str(await number()):
                return await self._page(wanted, before, {}, changed_meanwhile=True)
            faults = await choose(self._console, GROUPS[wanted], form, before)
        if faults:
            return await self._page(wanted, before, faults, form)
        return done(f"{HERE}/{wanted}", Done.CHANGED)

    async def history(self) -> Response:
        """All versions, the newest first."""
        try:
            page = await settings_versions.listed(cursor=request.args.get("cursor"), limit=25)
        except BadCursor as error:
            raise NotFound from error
        here, latest = frame.url(HISTORY), await number()
        content = HistoryPage(
            frame=await self._console.frame(),
            settings_url=frame.url(HERE),
            versions=[_row(each, latest) for each in page.rows],
            next_url=f"{here}?cursor={page.next}" if page.next else None,
            previous_url=f"{here}?cursor={page.previous}" if page.previous else None,
        )
        return self._console.show("settings_history.html", content)

    async def version(self, row_id: str) -> Response:
        """What a version changed, and what would change if it came back."""
        return await self._version(await _named(row_id))

    async def restore(self, row_id: str) -> Response:
        """Choose once more what it holds."""
        version, form = await _named(row_id), await request.form
        try:
            async with storage.transaction():
                await lifecycle.locked(current_tenant().id)
                if form.get("version") != str(await number()):
                    return done(f"{HISTORY}/{version.id}", Done.NOTHING)
                await provisioning.change_tenant(
                    self._console.parts,
                    current_tenant(),
                    change=lambda _: version.settings,
                    name=version.name,
                    comment=f"Version {version.number} again",
                    actor=actor(),
                )
        except (UnfitTenant, BadLimit) as error:
            return await self._version(version, fault=str(error))
        return done(HISTORY, Done.CHANGED)

    async def _page(
        self,
        group: SettingGroup,
        settings: TenantSettings,
        faults: Mapping[str, str],
        typed: Mapping[str, str] | None = None,
        *,
        changed_meanwhile: bool = False,
    ) -> Response:
        content = SettingsPage(
            frame=await self._console.frame(),
            action=frame.url(f"{HERE}/{group}"),
            groups=[GroupLink(each, frame.url(f"{HERE}/{each}"), each is group) for each in _SHOWN],
            history_url=frame.url(HISTORY),
            group=group,
            fields=setting_fields.fields(GROUPS[group], settings, typed=typed, faults=faults),
            version=await number(),
            locked=group is SettingGroup.OPERATOR,
            comment=(typed or {}).get("comment", ""),
            changed_meanwhile=changed_meanwhile,
        )
        status = 409 if changed_meanwhile else 400 if faults else 200
        return self._console.show("settings.html", content, status)

    async def _version(self, version: SettingsVersion, *, fault: str = "") -> Response:
        former, latest = await settings_versions.numbered(version.number - 1), await number()
        content = VersionPage(
            frame=await self._console.frame(),
            history_url=frame.url(HISTORY),
            restore_action=frame.url(f"{HISTORY}/{version.id}/restore"),
            row=_row(version, latest),
            in_force=latest,
            changes=_differences(former.settings, version.settings) if former else (),
            against_now=_differences(await stored(), version.settings),
            fault=fault,
        )
        return self._console.show("settings_version.html", content, 409 if fault else 200)


async def stored() -> TenantSettings:
    """What the tenant chooses, as it is stored."""
    return TenantSettings.from_json((await lifecycle.find(current_tenant().id)).settings)


async def number() -> int:
    """Of the version that is in force."""
    latest = await settings_versions.latest()
    return latest.number if latest else 0


async def choose(
    console: Console, names: tuple[str, ...], form: Mapping[str, str], before: TenantSettings
) -> Mapping[str, str]:
    """Choose what was typed; what is wrong with it, by the setting."""
    comment = form.get("comment", "").strip()
    if len(comment) > LONGEST_COMMENT or not comment.isprintable():
        return {"comment": text("One line of at most %(most)s characters.", most=LONGEST_COMMENT)}
    try:
        after = setting_fields.chosen(names, form, before)
        await provisioning.change_tenant(
            console.parts,
            current_tenant(),
            change=lambda _: after,
            comment=comment,
            actor=actor(),
        )
    except BadSettings as error:
        return error.faults
    except UnfitSetting as error:
        return {error.setting: error.fault}
    return {}


def _named_group(text: str) -> SettingGroup:
    if text not in _SHOWN:
        raise NotFound
    return SettingGroup(text)


async def _named(row_id: str) -> SettingsVersion:
    version = await settings_versions.find(id_in_address(row_id))
    if version is None:
        raise NotFound
    return version


def _row(version: SettingsVersion, latest: int) -> VersionRow:
    kind, actor_id, name = version.actor
    return VersionRow(
        url=frame.url(f"{HISTORY}/{version.id}"),
        number=version.number,
        by=name or actor_id or kind,
        at=version.created_at,
        comment=version.comment,
        current=version.number == latest,
    )


def _differences(before: TenantSettings, after: TenantSettings) -> list[DifferenceLine]:
    return [
        DifferenceLine(name, setting_fields.written(was), setting_fields.written(now))
        for name, was, now in tenant_settings.differences(before, after)
    ]
