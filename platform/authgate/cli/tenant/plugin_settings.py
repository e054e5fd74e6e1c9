"""``authgate plugin-settings``: what a tenant sets for the plugins that run for it."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused, Unhealthy
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes
from authgate.cli.output import Format, Output, confirm, say, show, show_all
from authgate.cli.tenant.typed_settings import (
    AskedSetting,
    Made,
    Renewed,
    Settings,
    Unset,
    asked,
    made,
    typed,
)

app = Noun()

Plugin = Annotated[str, typer.Argument(help="The plugin's name")]


@app.verb("list", example="plugin-settings list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the plugins that run for a tenant, with the settings that each has."""
    with administered(tenant) as api:
        found = api.get("/plugins")["items"]
    records = [
        {
            "plugin": each["name"],
            "state": _state(each),
            "setting": field["name"] if field else "",
            "type": field["type"] if field else "",
            "meaning": field["help"] if field else "",
        }
        for each in found
        for field in each["fields"] or [None]
    ]
    show_all(found if output is Format.JSON else records, output)


@app.verb("show", example="plugin-settings show networks")
def show_(plugin: Plugin, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show what is set for a plugin; of secrets that they are."""
    with administered(tenant) as api:
        found = api.get(within("plugins", plugin))
    secret = dict.fromkeys(found["secrets"], "***")
    show(found if output is Format.JSON else {**found["settings"], **secret}, output)


@app.verb("set", example="plugin-settings set networks --set networks=192.0.2.0/24,2001:db8::/32")
def set_(
    plugin: Plugin,
    tenant: OfTenant = None,
    settings: Settings = None,
    unset: Unset = None,
    secret: Renewed = None,
    make_secret: Made = None,
) -> None:
    """Set something for a plugin; what is not given stays as it is.

    A list is typed with commas.
    """
    if not (settings or unset or secret or make_secret):
        raise Misused("Say what to set.")
    with administered(tenant) as api:
        found = api.get(within("plugins", plugin))
        fields = _fields_of(found)
        said = typed(fields, settings or []) | asked(fields, secret or [], of="the plugin")
        new = made(fields, make_secret or [])
        said |= new | dict.fromkeys(unset or [])
        api.change(within("plugins", plugin), {"settings": said})
    if new:
        show(new, Format.TABLE)
        say("That is shown this once.")
    say(f"✓ {plugin} goes by it from now on.")


@app.verb("test", example="plugin-settings test http-target")
def try_(plugin: Plugin, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Look at what is set for a plugin, and have it look itself, step by step."""
    with administered(tenant) as api:
        told = api.post(within("plugins", plugin, "test"))
    if output is Format.JSON:
        show(told, output)
    else:
        show_all(told["steps"], output)
    if not told["passed"]:
        raise Unhealthy(f"{plugin} is not set up properly.")


@app.verb(example="plugin-settings pause networks")
def pause(plugin: Plugin, tenant: OfTenant = None) -> None:
    """Leave a plugin out for a tenant; what is set for it stays."""
    with administered(tenant) as api:
        api.change(within("plugins", plugin), {"paused": True})
    say(f"✓ {plugin} is left out.")


@app.verb(example="plugin-settings resume networks")
def resume(plugin: Plugin, tenant: OfTenant = None) -> None:
    """Let a plugin run again that was left out."""
    with administered(tenant) as api:
        api.change(within("plugins", plugin), {"paused": False})
    say(f"✓ {plugin} runs again.")


@app.verb(example="plugin-settings reset networks --yes")
def reset(plugin: Plugin, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Forget what was set for a plugin, its secrets among it."""
    if not yes:
        confirm(f"Forget all that was set for {plugin}?")
    with administered(tenant) as api:
        api.delete(within("plugins", plugin))
    say(f"✓ Nothing is set for {plugin}.")


def _state(plugin: Mapping[str, Any]) -> str:
    if plugin["paused"]:
        return "paused"
    if plugin["waits"]:
        return "waits for settings"
    return "failed lately" if plugin["last_failure"] else "runs"


def _fields_of(plugin: Mapping[str, Any]) -> dict[str, AskedSetting]:
    return {
        each["name"]: AskedSetting(each["type"], each["label"], generated=each.get("generated"))
        for each in plugin["fields"]
    }
