"""What would change of what is set for the plugins that run for the tenant."""

from collections.abc import Iterator, Mapping
from typing import Any

from authgate.api.bodies import pointer
from authgate.api.problems import Fault
from authgate.cli.declaration.differences import Difference, between
from authgate.cli.declaration.plan import Act, Change, Request
from authgate.cli.declaration.sections import Managed
from authgate.cli.declaration.state import State
from authgate.cli.declaration.tenant_file import Declaration, refused
from authgate.cli.doors.admin_api import Document

_SECRET = "secret"
_ANY = "*"


def planned(declared: Declaration, state: State) -> Iterator[Change]:
    """Each plugin for which something becomes otherwise. Raises ``Failure`` for one that does not
    run, for a setting that there is not, and for a secret that stands in the file.

    A secret that is kept cannot be compared: it is sent where there is none yet, and whenever
    another setting changes. One that the file does not name stays.
    """
    if declared.plugins is None:
        return
    for name, said in declared.plugins.items():
        if name not in state.plugins and name in _comes(declared):
            # What it may be set to is told once it runs.
            yield _change(Act.CREATE, name, list(between({}, said)), said, etag=_ANY)
            continue
        _check(declared, state, name, said)
        differ = list(_differences(state.plugins[name], said))
        if differ:
            now = state.plugin(name)
            act = Act.UPDATE if now.item["updated_at"] else Act.CREATE
            wanted = dict.fromkeys(each.member for each in differ) | dict(said)
            yield _change(act, name, differ, wanted, etag=now.etag)
    if declared.manages(Managed.PLUGINS):
        for name, item in state.plugins.items():
            if name not in declared.plugins and item["updated_at"]:
                request = Request("DELETE", f"/plugins/{name}", etag=state.plugin(name).etag)
                yield Change(Act.DELETE, Managed.PLUGINS, name, [], [request])


def _comes(declared: Declaration) -> list[str]:
    """The plugins that run once the settings of the file hold."""
    return (declared.settings or {}).get("enabled_plugins") or []


def _differences(now: Document, said: Mapping[str, Any]) -> Iterator[Difference]:
    fields = {each["name"]: each for each in now["fields"]}
    plain = {name: it for name, it in fields.items() if it["type"] != _SECRET}
    before = {name: now["settings"][name] for name in plain}
    yield from between(before, {name: said.get(name, it["default"]) for name, it in plain.items()})
    for name in said.keys() - plain.keys():
        if name not in now["secrets"]:
            yield Difference(name, None, said[name])


def _check(declared: Declaration, state: State, name: str, said: Mapping[str, Any]) -> None:
    def wrong(text: str, *where: str) -> Fault:
        return Fault(text, pointer=pointer((Managed.PLUGINS, name, *where)))

    if name not in state.plugins:
        raise refused(declared.written, [wrong("No plugin of this name runs for the tenant.")])
    types = {each["name"]: each["type"] for each in state.plugins[name]["fields"]}
    faults: list[Fault] = []
    for setting, it in said.items():
        if setting not in types:
            faults.append(wrong("The plugin has no such setting.", setting))
        elif (types[setting] == _SECRET) != isinstance(it, dict):
            # Not in a file, where whoever reads it would know it.
            faults.append(wrong("{env: NAME} is said of a secret, and of nothing else.", setting))
    if faults:
        raise refused(declared.written, faults)


def _change(
    act: Act, name: str, differ: list[Difference], wanted: Mapping[str, Any], *, etag: str
) -> Change:
    request = Request("PATCH", f"/plugins/{name}", {"settings": dict(wanted)}, etag)
    return Change(act, Managed.PLUGINS, name, differ, [request], pointer((Managed.PLUGINS, name)))
