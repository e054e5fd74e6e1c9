"""What a tenant has, as a file that declares it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from authgate.cli.declaration import sections
from authgate.cli.declaration.differences import between
from authgate.cli.declaration.sections import (
    CLIENTS,
    SECTIONS,
    MailServerDeclaration,
    Managed,
    Section,
)
from authgate.cli.declaration.state import BEGINS_AS, State
from authgate.cli.declaration.tenant_file import MAIL_SERVER
from authgate.cli.doors.admin_api import AdminApi, Document
from authgate.cli.failures import NotAllowed
from authgate.cli.output import say

Said = dict[str, Any]

_HEAD = """\
# A tenant as code: "authgate tenant plan FILE" shows what differs, "authgate tenant apply FILE"
# changes it.
# What a client or scope here does not say is what it is where nobody sets it. Of sections that
# "manage" names, what is not in this file is removed, and settings that are not here begin anew.
"""


def pulled(api: AdminApi) -> str:
    """The file, as YAML. What whoever asks may not see is not in it."""
    state = State(api)
    said: Said = {"issuer": state.issuer} if state.issuer else {}
    parts: list[tuple[str, Callable[[], Said]]] = [("settings", lambda: _settings(state))]
    parts += [(each.name, lambda each=each: _section(state, each)) for each in SECTIONS]  # type: ignore[misc]
    parts.append((Managed.PLUGINS, lambda: _plugins(state)))
    parts.append((MAIL_SERVER, lambda: _mail_server(state)))
    parts.append((Managed.USERS, lambda: _users(state)))
    for name, told in parts:
        try:
            said |= told()
        except NotAllowed as error:
            say(f"{name} are not in it: {error}")
    return _HEAD + yaml.dump(said, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=98)


class _Plain(yaml.SafeDumper):
    """Says everything where it belongs, twice if need be."""

    def ignore_aliases(self, data: object) -> bool:
        """Of nothing."""
        del data
        return True


def _settings(state: State) -> Said:
    now = state.settings.item
    chosen = {
        name: now["settings"][name]
        for name in state.choices
        if list(between({name: BEGINS_AS[name]}, {name: now["settings"][name]}))
    }
    return {"manage": [Managed.SETTINGS.value], "name": now["name"], "settings": chosen}


def _section(state: State, section: Section) -> Said:
    items = state.items(section)
    own = [items[key] for key in sorted(items) if sections.is_own(section, items[key])]
    return {section.name.value: [_item(section, each) for each in own]}


def _item(section: Section, item: Document) -> Said:
    found = sections.present(section, item) | {section.key: item[section.key]}
    if section is CLIENTS:
        found |= {"public": item["public"], "authentication_methods": _methods(item)}
    return sections.unlike_default(section, found)


def _methods(item: Document) -> list[str]:
    methods = sorted(item["authentication_methods"])
    usual = sorted(sections.usual_methods(public=item["public"]))
    return [] if methods == usual else methods


def _mail_server(state: State) -> Said:
    seen = state.mail_server
    if seen is None:
        return {}
    now = seen.item
    said = {name: it for name, it in now.items() if name in MailServerDeclaration.model_fields}
    kept = {"password": {"env": "MAIL_SERVER_PASSWORD"}} if now["has_password"] else {}
    return {MAIL_SERVER: said | kept}


def _plugins(state: State) -> Said:
    found = {name: _set_for(item) for name, item in state.plugins.items() if item["updated_at"]}
    return {Managed.PLUGINS.value: found} if found else {}


def _set_for(plugin: Document) -> Said:
    said: Said = {}
    for each in plugin["fields"]:
        name = each["name"]
        if name in plugin["secrets"]:
            variable = f"{plugin['name']}_{name}".upper().replace("-", "_")
            said[name] = {"env": variable}
        elif name in plugin["settings"] and plugin["settings"][name] != each["default"]:
            said[name] = plugin["settings"][name]
    return said


def _users(state: State) -> Said:
    held = sorted(state.role_holders.items())
    return {Managed.USERS.value: [{"username": name, "role": each["role"]} for name, each in held]}


def write(path: Path, text: str) -> None:
    """Keep it in a file that is not there yet."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
