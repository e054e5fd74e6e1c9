"""What would change of what the tenant chooses for itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from authgate.api.problems import Fault
from authgate.cli.declaration.differences import between, patch
from authgate.cli.declaration.plan import Act, Change, Request
from authgate.cli.declaration.sections import Managed
from authgate.cli.declaration.state import BEGINS_AS, State
from authgate.cli.declaration.tenant_file import Declaration, refused
from authgate.cli.doors.admin_api import AdminApi


def planned(api: AdminApi, declared: Declaration, state: State) -> Iterator[Change]:
    """The change, where there is one: all settings and the name are changed at once.

    Raises ``Failure`` for what the server says that it would refuse.
    """
    said = _said(declared, state)
    if not said:
        return
    now = state.settings
    before = {**now.item["settings"], "name": now.item["name"]}
    _refuse_unknown(declared, set(said) - set(before))
    after = {name: BEGINS_AS[name] if it is None else it for name, it in said.items()}
    differ = list(between({name: before[name] for name in after}, after))
    if differ:
        body = _body(before, said, {each.member.partition(".")[0] for each in differ})
        _refuse_unfit(api, declared, body)
        request = Request("PATCH", "/settings", body, now.etag)
        yield Change(Act.UPDATE, Managed.SETTINGS, "", differ, [request])


def _said(declared: Declaration, state: State) -> dict[str, Any]:
    """By the setting, what it is to be; ``None`` for what it begins as."""
    said = dict(declared.settings or {})
    if declared.manages(Managed.SETTINGS):
        said = dict.fromkeys(state.choices) | said
    if declared.name is not None:
        said["name"] = declared.name
    return said


def _body(before: Mapping[str, Any], said: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    settings = names - {"name"}
    was, now = ({name: each[name] for name in settings} for each in (before, said))
    body: dict[str, Any] = {"settings": patch(was, now)} if settings else {}
    return body | ({"name": said["name"]} if "name" in names else {})


def _refuse_unknown(declared: Declaration, names: set[str]) -> None:
    if names:
        fault = "This server has no such setting."
        faults = [Fault(fault, pointer=f"/settings/{each}") for each in sorted(names)]
        raise refused(declared.written, faults)


def _refuse_unfit(api: AdminApi, declared: Declaration, body: Mapping[str, Any]) -> None:
    """As the server says it, where whoever plans may ask that: to see is enough for a plan."""
    answer = api.raw(Request("POST", "/settings/preview").asked(body))
    told = answer.json() or {}
    if answer.status == 422 and (faults := told.get("errors")):
        raise refused(
            declared.written, [Fault(each["detail"], each.get("pointer")) for each in faults]
        )
