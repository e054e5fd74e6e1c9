"""What would change of what is set for the plugins that run for the tenant."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from authgate.api.bodies import pointer
from authgate.api.problems import Fault
from authgate.cli.declaration.differences import Difference, between
from authgate.cli.declaration.plan import Act, Change, Request
from authgate.cli.declaration.sections import Managed
from authgate.cli.declaration.state import BEGINS_AS, State
from authgate.cli.declaration.tenant_file import Declaration, refused
from authgate.cli.doors.admin_api import Document

ANY = "*"
"""In the place of an etag: the plan has not seen the plugin, which does not run yet."""

_SECRET = "secret"
_ENABLED = "enabled_plugins"
_NOT_RUNNING = "No plugin of this name runs for the tenant."


def planned(declared: Declaration, state: State) -> Iterator[Change]:
    """Each plugin for which something becomes otherwise. Raises ``Failure`` for one that does not
    run, for a setting that there is not, and for a secret that stands in the file.

    A secret that is kept cannot be compared: it is sent where there is none yet, and whenever
    another setting changes. One that the file does not name stays.
    """
    if declared.plugins is None:
        return
    left = _left(declared, state) if declared.plugins else ()
    for name, said in declared.plugins.items():
        if name not in state.plugins and name in left:
            # Which of it is secret is told once it runs: nothing of it is shown, and all of it is
            # looked at before it is sent.
            differ = [Difference(each, None, _shown(it)) for each, it in said.items()]
            yield _change(Act.CREATE, name, differ, said, etag=ANY)
            continue
        if name not in left:
            raise refused(declared.written, [_fault(_NOT_RUNNING, name)])
        check(declared, state.plugins[name], said)
        differ = list(_differences(state.plugins[name], said))
        if differ:
            now = state.plugin(name)
            act = Act.UPDATE if now.item["updated_at"] else Act.CREATE
            wanted = dict.fromkeys(each.member for each in differ) | dict(said)
            yield _change(act, name, differ, wanted, etag=now.etag)


def going(declared: Declaration, state: State) -> Iterator[Change]:
    """Each plugin for which nothing is set any more: before the settings change, since what is set
    for a plugin that was switched off is nowhere to be seen."""
    if declared.plugins is None or not declared.manages(Managed.PLUGINS):
        return
    for name, item in state.plugins.items():
        if name not in declared.plugins and item["updated_at"]:
            request = Request("DELETE", f"/plugins/{name}", etag=state.plugin(name).etag)
            yield Change(Act.DELETE, Managed.PLUGINS, name, [], [request])


def check(declared: Declaration, plugin: Document, said: Mapping[str, Any]) -> None:
    """Raises ``Failure`` for a setting that the plugin does not have, and for a secret that stands
    in the file."""
    types = {each["name"]: each["type"] for each in plugin["fields"]}
    faults: list[Fault] = []
    for setting, it in said.items():
        if setting not in types:
            faults.append(_fault("The plugin has no such setting.", plugin["name"], setting))
        elif (types[setting] == _SECRET) != isinstance(it, dict):
            # Not in a file, where whoever reads it would know it.
            text = "{env: NAME} is said of a secret, and of nothing else."
            faults.append(_fault(text, plugin["name"], setting))
    if faults:
        raise refused(declared.written, faults)


def _left(declared: Declaration, state: State) -> Collection[str]:
    """The plugins that run once the settings of the file hold."""
    said = declared.settings or {}
    if _ENABLED in said or declared.manages(Managed.SETTINGS):
        enabled: list[str] = said.get(_ENABLED) or BEGINS_AS[_ENABLED]
        return enabled
    return state.plugins


def _shown(value: Any) -> Any:
    return value if isinstance(value, dict) else "given"


def _differences(now: Document, said: Mapping[str, Any]) -> Iterator[Difference]:
    fields = {each["name"]: each for each in now["fields"]}
    plain = {name: it for name, it in fields.items() if it["type"] != _SECRET}
    before = {name: now["settings"][name] for name in plain}
    yield from between(before, {name: said.get(name, it["default"]) for name, it in plain.items()})
    for name in said.keys() - plain.keys():
        if name not in now["secrets"]:
            yield Difference(name, None, said[name])


def _fault(text: str, *where: str) -> Fault:
    return Fault(text, pointer=pointer((Managed.PLUGINS, *where)))


def _change(
    act: Act, name: str, differ: list[Difference], wanted: Mapping[str, Any], *, etag: str
) -> Change:
    request = Request("PATCH", f"/plugins/{name}", {"settings": dict(wanted)}, etag)
    return Change(act, Managed.PLUGINS, name, differ, [request], pointer((Managed.PLUGINS, name)))
