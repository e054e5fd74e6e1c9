"""``authgate tenant settings``: what a tenant chooses, who changed it, and the way back."""

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from authgate.cli.doors import lists
from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused, NotFound
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all
from authgate.cli.tenant.typed_settings import whole_number

app = Noun(help="See and change what a tenant chooses, and go back.")

Number = Annotated[int, typer.Argument(help="Number of the version", min=1)]
Comment = Annotated[str, typer.Option(help="Why: kept with the version")]
Changes = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...", help="What it chooses; lists with commas, one of many as KEY.NAME"
    ),
]
Unset = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY", help="A setting to take the default of; repeatable"),
]

_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@app.verb("show", example="tenant settings show --json")
def show_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show what a tenant chooses."""
    with administered(tenant) as api:
        now = api.get("/settings")
    if output is Format.TABLE:
        now = {"version": now["version"], "name": now["name"], **now["settings"]}
    show(now, output)


@app.verb("set", example='tenant settings set access_token_lifetime=900 --comment "Audit 2026"')
def set_(
    changes: Changes = None,
    tenant: OfTenant = None,
    unset: Unset = None,
    name: Annotated[str | None, typer.Option(help="Another name for people")] = None,
    comment: Comment = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Choose otherwise; it is in force within a second."""
    with administered(tenant) as api:
        before = api.get("/settings")["settings"]
        said = given({"settings": _patch(before, changes or [], unset or []) or None, "name": name})
        if not said:
            raise Misused("Say what to change: KEY=VALUE, --unset or --name.")
        if dry_run:
            show_all(api.post("/settings/preview", said)["changes"], output)
            return
        version = api.change("/settings", {**said, "comment": comment})["version"]
    say(f"✓ Version {version} is in force.")


@app.verb(example="tenant settings logo logo.png")
def logo(
    picture: Annotated[Path, typer.Argument(help="A PNG, JPEG, WebP or GIF")],
    tenant: OfTenant = None,
    comment: Comment = "",
) -> None:
    """Bring a logo, and show it on the pages."""
    try:
        encoded = base64.b64encode(picture.read_bytes()).decode()
    except OSError as error:
        raise Misused(f"{picture} cannot be read.") from error
    with administered(tenant) as api:
        made = api.post("/settings/logos", {"image": encoded})
        said = {"settings": {"logo": made["logo"]}, "comment": comment}
        version = api.change("/settings", said)["version"]
    say(f"✓ Version {version} is in force: {made['url']}")


@app.verb(example="tenant settings versions")
def versions(
    *, tenant: OfTenant = None, extent: lists.Extent, output: Output = Format.TABLE
) -> None:
    """List the versions of what a tenant chose, the newest first."""
    with administered(tenant) as api:
        lists.show_items(api, "/settings/versions", _line, extent, output)


@app.verb(example="tenant settings diff 3")
def diff(
    number: Number,
    other: Annotated[int | None, typer.Argument(help="The later one", min=1)] = None,
    tenant: OfTenant = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what a version changed, or what is different in a later one."""
    with administered(tenant) as api:
        first = _version(api, number)
        if other is None:
            show_all(first["changes"], output)
            return
        show_all(_differences(first, _version(api, other)), output)


@app.verb(example="tenant settings restore 3 --yes")
def restore(
    number: Number, tenant: OfTenant = None, comment: Comment = "", yes: Yes = False
) -> None:
    """Choose once more what a version holds. That is another version: none is taken back."""
    if not yes:
        confirm(f"Choose again what version {number} holds?")
    with administered(tenant) as api:
        place = within("settings", "versions", _id(api, number), "restore")
        version = api.post(place, {"comment": comment})["version"]
    say(f"✓ Version {version} is in force: what version {number} holds.")


def _patch(before: dict[str, Any], pairs: list[str], unset: list[str]) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise Misused(f"{pair!r} is not KEY=VALUE.")
        _put(patch, before, key, text)
    for key in unset:
        _put(patch, before, key, None)
    return patch


def _put(patch: dict[str, Any], before: dict[str, Any], key: str, text: str | None) -> None:
    name, dot, inner = key.partition(".")
    if dot and isinstance(before.get(name), dict):
        patch.setdefault(name, {})[inner] = text
    elif key not in before:
        raise Misused(f"There is no tenant setting {key}.")
    else:
        patch[key] = None if text is None else _value(before[key], key, text)


def _value(former: object, key: str, text: str) -> object:
    """The text as what the setting is."""
    if isinstance(former, bool):
        if text.lower() not in _SWITCHES:
            raise Misused(f"{key} is true or false.")
        return _SWITCHES[text.lower()]
    if isinstance(former, int):
        if (number := whole_number(text)) is None:
            raise Misused(f"{key} is a whole number.")
        return number
    if isinstance(former, list):
        return [each for each in text.split(",") if each]
    if isinstance(former, dict):
        raise Misused(f"Say {key}.NAME=VALUE.")
    return text


def _version(api: AdminApi, number: int) -> dict[str, Any]:
    return api.get(within("settings", "versions", _id(api, number)))


def _id(api: AdminApi, number: int) -> str:
    """The id of the version of this number. Raises ``NotFound``."""
    for each in api.each("/settings/versions"):
        if each["number"] == number:
            return str(each["id"])
    raise NotFound(f"There is no version {number}: authgate tenant settings versions shows all.")


def _differences(first: dict[str, Any], later: dict[str, Any]) -> list[Record]:
    was, now = ({"name": each["name"], **each["settings"]} for each in (first, later))
    return [
        {"setting": each, "before": was.get(each), "after": now[each]}
        for each in now
        if was.get(each) != now[each]
    ]


def _line(version: dict[str, Any]) -> Record:
    by = version["changed_by"]
    return {
        "number": version["number"],
        "changed": version["changed_at"],
        "by": by["name"] or by["id"] or by["type"],
        "comment": version["comment"],
    }
