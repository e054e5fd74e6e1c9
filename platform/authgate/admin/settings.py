"""``/settings``: what the tenant chooses for itself, version by version."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue

from authgate import provisioning, storage
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, MergePatch, operation
from authgate.api.problems import Fault, Invalid, NotFound
from authgate.provisioning import UnfitSetting, UnfitTenant, logos, tenant_settings
from authgate.storage.redis.rate_limits import BadLimit
from authgate.storage.tenants import settings_versions
from authgate.storage.tenants.settings_versions import LONGEST_COMMENT, SettingsVersion
from authgate.tokens.admin_scopes import Scope
from authgate.web.pages import LOGOS
from authgate_tenants import TenantSettings, current_tenant, lifecycle, typed_settings
from authgate_tenants.models import TenantRow

_Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Comment = Annotated[str, Field(max_length=LONGEST_COMMENT, pattern=r"^[^\x00-\x1f\x7f]*$")]

_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
_VERSION: dict[str, JsonValue] = {
    "id": "01930000-0000-7000-8000-000000000021",
    "number": 3,
    "comment": "As the audit asked for",
    "changed_at": "2026-03-02T09:12:44Z",
    "changed_by": {"type": "user", "id": "01930000-0000-7000-8000-000000000002", "name": "mira"},
}


class Changer(Document):
    """Who changed something, as the audit log has it."""

    type: str
    id: str
    name: str


class SettingsChange(Document):
    """What the tenant chooses from now on."""

    model_config = exemplified(
        settings={"access_token_lifetime": 900}, comment="As the audit asked for"
    )

    name: _Name
    """The tenant's, for people."""

    settings: TenantSettings
    comment: _Comment = ""
    """Why: kept with the version, for whoever reads it later."""


class SettingsPreviewed(Document):
    """What the tenant would choose."""

    model_config = exemplified(settings={"access_token_lifetime": 900})

    name: _Name | None = None
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """What would be another: by the setting, its value, or `null` for what it begins as."""


class LogoBringing(Document):
    """A picture."""

    model_config = exemplified(image=_PIXEL)

    image: Annotated[str, Field(min_length=1, max_length=1_400_000)]
    """A PNG, JPEG, WebP or GIF, in base64; a drawing in SVG is none. The whole request may have as
    many bytes as the installation allows (`server.body_limit`)."""


class LogoDocument(Document):
    """A logo that was made."""

    model_config = exemplified(
        logo="9f86d081884c7d659a2feaa0c55ad015",
        width=320,
        height=96,
        url="https://auth.example.com/t/acme/branding/logos/9f86d081884c7d659a2feaa0c55ad015.png",
    )

    logo: str
    """What `settings.logo` is to be for it to be on the pages."""

    width: int
    height: int
    url: str
    """Where it is from now on, and may be kept for ever."""


class SettingsDocument(Document):
    """What the tenant chooses, and who chose it last."""

    model_config = exemplified(
        version=_VERSION["number"],
        name="Acme",
        settings={"access_token_lifetime": 900},
        **{name: _VERSION[name] for name in ("comment", "changed_at", "changed_by")},
    )

    version: int
    """One more with each change."""

    name: _Name
    settings: TenantSettings
    comment: str
    changed_at: datetime | None
    changed_by: Changer | None


class ChangedSetting(Document):
    """A setting that is another one, and what it was."""

    model_config = exemplified(setting="access_token_lifetime", before=3600, after=900)

    setting: str
    before: JsonValue
    after: JsonValue


class SettingsPreview(Document):
    """What a change would be. Nothing was changed."""

    changes: Sequence[ChangedSetting]


class VersionLine(Document):
    """A version, without what it holds."""

    model_config = exemplified(**_VERSION)

    id: UUID
    number: int
    """One more than that of the version before it."""

    comment: str
    changed_at: datetime
    changed_by: Changer


class VersionDocument(VersionLine):
    """A version of all that the tenant chooses."""

    model_config = exemplified(
        **_VERSION,
        name="Acme",
        settings={"access_token_lifetime": 900},
        changes=[{"setting": "access_token_lifetime", "before": 3600, "after": 900}],
    )

    name: str
    settings: TenantSettings
    changes: Sequence[ChangedSetting]
    """Against the version before it; none where that is not kept any more."""


class VersionList(ListDocument):
    """Versions, the newest first. The last thousand are kept."""

    items: Sequence[VersionLine]


class VersionRestoring(Document):
    """Why a version comes back."""

    model_config = exemplified(comment="It was better")

    comment: _Comment = ""


async def read_settings(call: Call[Nothing, Nothing]) -> Answer[SettingsDocument]:
    """Read what the tenant chooses."""
    del call
    return Answer(await _now(await lifecycle.find(current_tenant().id)))


async def change_settings(
    call: Call[Nothing, MergePatch[SettingsChange]],
) -> Answer[SettingsDocument]:
    """Choose otherwise.

    It is in force at once, in every process. What the patch leaves out stays, and what is `null`
    becomes what it is where nobody chooses. What is so then is another version.
    """
    async with storage.transaction():
        row = await lifecycle.locked(current_tenant().id)
        before = await _now(row)
        call.refuse_if_changed(before)
        after = call.body.applied(SettingsChange(name=before.name, settings=before.settings))
        await _change(call, after.settings, name=after.name, comment=after.comment)
        return Answer(await _now(await lifecycle.find(row.id)))


async def preview_settings(call: Call[Nothing, SettingsPreviewed]) -> Answer[SettingsPreview]:
    """Say what a change would be.

    Nothing is changed: what would be refused is refused here as well.
    """
    row = await lifecycle.find(current_tenant().id)
    before = TenantSettings.from_json(row.settings)
    said: dict[str, Any] = {"settings": call.body.settings, "name": call.body.name or row.name}
    patch: MergePatch[SettingsChange] = MergePatch(said)
    after = patch.applied(SettingsChange(name=row.name, settings=before))
    with _worded():
        plan = current_tenant().plan
        await provisioning.check_change(
            call.parts, plan, before, after.settings, actor=call.caller.actor
        )
    changes = _changes(before, after.settings, names=(row.name, after.name))
    return Answer(SettingsPreview(changes=changes))


async def add_logo(call: Call[Nothing, LogoBringing]) -> Answer[LogoDocument]:
    """Bring a logo.

    What is kept is a PNG that was made of what the picture shows, 480 by 160 pixels at most, and
    nothing else of the file. Nobody sees it before `settings.logo` names it. A tenant has fifty;
    the oldest goes first.
    """
    try:
        made = await logos.add_logo(call.body.image)
    except logos.UnfitLogo as error:
        raise Invalid(faults=[Fault(str(error), pointer="/image")]) from error
    place = f"{current_tenant().issuer}{LOGOS}{made.digest}.png"
    told = LogoDocument(logo=made.digest, width=made.width, height=made.height, url=place)
    return Answer(told, ((b"location", place.encode("ascii")),))


async def list_settings_versions(call: Call[ListQuery, Nothing]) -> Answer[VersionList]:
    """List the versions of what the tenant chose."""
    page = await settings_versions.listed(cursor=await lists.opened(call), limit=call.query.limit)
    return await lists.answer(call, page, VersionList, _line)


async def read_settings_version(call: Call[Nothing, Nothing]) -> Answer[VersionDocument]:
    """Read a version, and what it changed."""
    version = await _named(call)
    former = await settings_versions.numbered(version.number - 1)
    changes = (
        _changes(former.settings, version.settings, names=(former.name, version.name))
        if former
        else []
    )
    line = _line(version).model_dump()
    return Answer(
        VersionDocument(**line, name=version.name, settings=version.settings, changes=changes)
    )


async def restore_settings_version(
    call: Call[Nothing, VersionRestoring],
) -> Answer[SettingsDocument]:
    """Choose once more what a version holds.

    That is another version: none is ever taken back.
    """
    version = await _named(call)
    async with storage.transaction():
        row = await lifecycle.locked(current_tenant().id)
        call.refuse_if_changed(await _now(row), required=False)
        comment = call.body.comment or f"Version {version.number} again"
        await _change(call, version.settings, name=version.name, comment=comment)
        return Answer(await _now(await lifecycle.find(row.id)))


async def _change(
    call: Call[Any, Any], settings: TenantSettings, *, name: str, comment: str
) -> None:
    with _worded():
        await provisioning.change_tenant(
            call.parts,
            current_tenant(),
            change=lambda _: settings,
            name=name,
            comment=comment,
            actor=call.caller.actor,
        )


async def _now(row: TenantRow) -> SettingsDocument:
    latest = await settings_versions.latest()
    return SettingsDocument(
        version=latest.number if latest else 0,
        name=row.name,
        settings=TenantSettings.from_json(row.settings),
        comment=latest.comment if latest else "",
        changed_at=latest.created_at if latest else None,
        changed_by=_changer(latest) if latest else None,
    )


async def _named(call: Call[Any, Any]) -> SettingsVersion:
    version = await settings_versions.find(call.uuid("version_id"))
    if version is None:
        raise NotFound
    return version


def _line(version: SettingsVersion) -> VersionLine:
    return VersionLine(
        id=version.id,
        number=version.number,
        comment=version.comment,
        changed_at=version.created_at,
        changed_by=_changer(version),
    )


def _changer(version: SettingsVersion) -> Changer:
    kind, actor_id, name = version.actor
    return Changer(type=kind, id=actor_id, name=name)


def _changes(
    before: TenantSettings, after: TenantSettings, *, names: tuple[str, str]
) -> list[ChangedSetting]:
    plain = typed_settings()
    was, now = plain.dump_python(before, mode="json"), plain.dump_python(after, mode="json")
    differ = [name for name, _, _ in tenant_settings.differences(before, after)]
    found = [ChangedSetting(setting=each, before=was[each], after=now[each]) for each in differ]
    if names[0] != names[1]:
        found.append(ChangedSetting(setting="name", before=names[0], after=names[1]))
    return found


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except UnfitSetting as error:
        pointer = f"/settings/{error.setting}"
        raise Invalid(faults=[Fault(error.fault, pointer=pointer)]) from error
    except BadLimit as error:
        raise Invalid(faults=[Fault(str(error), pointer="/settings/login_limits")]) from error
    except UnfitTenant as error:
        raise Invalid(faults=[Fault(str(error), pointer="/settings")]) from error


_READ, _WRITE = Scope.SETTINGS_READ, Scope.SETTINGS_WRITE
_VERSIONS = "/settings/versions"
_ONE = f"{_VERSIONS}/{{version_id}}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/settings", read_settings, scope=_READ),
    operation(HTTPMethod.PATCH, "/settings", change_settings, scope=_WRITE),
    operation(HTTPMethod.POST, "/settings/preview", preview_settings, scope=_WRITE),
    operation(
        HTTPMethod.POST,
        "/settings/logos",
        add_logo,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
    ),
    operation(HTTPMethod.GET, _VERSIONS, list_settings_versions, scope=_READ),
    operation(HTTPMethod.GET, _ONE, read_settings_version, scope=_READ),
    operation(HTTPMethod.POST, f"{_ONE}/restore", restore_settings_version, scope=_WRITE),
]
