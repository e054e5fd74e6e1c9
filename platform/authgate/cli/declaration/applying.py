"""Having a plan done: all of it or nothing where the door can, else change by change."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authgate.api.problems import Fault
from authgate.cli.declaration import plugin_plan
from authgate.cli.declaration.plan import Change, Plan, Request
from authgate.cli.declaration.sections import CLIENTS, DOMAINS, Managed
from authgate.cli.declaration.tenant_file import Declaration, refused
from authgate.cli.doors import problems
from authgate.cli.doors.admin_api import AdminApi, Document
from authgate.cli.failures import Conflict, Failure, Unhealthy
from authgate.cli.output import say

_SECRETS = ("client_secret", "password")
"""Members of what is sent that are never in the file."""

_SETTINGS = "settings"
"""Where a plugin's members are, and any of them may be secret."""


@dataclass(slots=True)
class Applied:
    """What came of it that nobody could know before."""

    done: int = 0
    """How many changes stay."""

    secrets: dict[str, str] = field(default_factory=dict)
    """Of new clients, by their ids: told this once."""

    proofs: list[Document] = field(default_factory=list)
    """What has to be published for hosts that are new."""


def refuse_unset(plan: Plan, declared: Declaration) -> None:
    """Before anything is done. Raises ``Failure`` where a secret is not in the environment."""
    faults = [
        Fault(f"The environment has no {variable}.", pointer=f"{each.pointer}/{name}")
        for each in plan.changes
        for request in each.requests
        for name, variable in _variables(request).items()
        if not os.environ.get(variable)
    ]
    if faults:
        raise refused(declared.written, faults)


def apply(api: AdminApi, plan: Plan, declared: Declaration, applied: Applied) -> None:
    """Do all of it. What stays is in ``applied``, also where this raises ``Failure``."""
    is_whole = False
    try:
        with api.together() as is_whole:
            for change in plan.changes:
                _do(api, change, declared, applied)
    except BaseException:
        if is_whole:
            applied.done = 0
            applied.secrets.clear()
            applied.proofs.clear()
        raise


def _do(api: AdminApi, change: Change, declared: Declaration, applied: Applied) -> None:
    told: Document = {}
    for request in change.requests:
        if request.etag == plugin_plan.ANY:
            plugin = api.get(request.path)
            plugin_plan.check(declared, plugin, (declared.plugins or {})[change.name])
        told = _sent(api, change, request, declared)
    applied.done += 1
    if change.section == CLIENTS.name and told.get("client_secret"):
        applied.secrets[change.name] = told["client_secret"]
    if change.section == DOMAINS.name and told:
        applied.proofs.append(told)


def _sent(api: AdminApi, change: Change, request: Request, declared: Declaration) -> Document:
    answer = api.raw(request.asked(_with_secrets(request)))
    told: Document = answer.json() or {}
    if answer.status == 412:
        raise Conflict(f"{change.title} was changed since the plan was made: plan again.")
    if answer.status == 422 and (faults := told.get("errors")) and change.pointer:
        raise refused(declared.written, [_at(change, each) for each in faults])
    try:
        problems.refuse(answer.status, told, request.path)
    except Failure as failure:
        raise type(failure)(f"{change.title}: {failure}") from failure
    return told


def _at(change: Change, fault: Mapping[str, str]) -> Fault:
    where = fault.get("pointer", "")
    if change.section == Managed.PLUGINS:
        where = where.removeprefix(f"/{_SETTINGS}")
    return Fault(fault["detail"], pointer=f"{change.pointer}{where}")


def _members(request: Request) -> Mapping[str, Any]:
    """Where what is secret would be said: of a plugin among its settings."""
    said = request.said or {}
    return said.get(_SETTINGS, {}) if _is_of_a_plugin(request) else said


def _is_of_a_plugin(request: Request) -> bool:
    return request.path.startswith("/plugins/")


def _variables(request: Request) -> dict[str, str]:
    """By the member that is secret, the variable of the environment that holds it."""
    said = _members(request)
    names = said if _is_of_a_plugin(request) else _SECRETS
    return {name: said[name]["env"] for name in names if isinstance(said.get(name), dict)}


def _with_secrets(request: Request) -> Mapping[str, Any] | None:
    if request.said is None:
        return None
    members = _members(request)
    variables = _variables(request).items()
    opened = {**members, **{name: os.environ[variable] for name, variable in variables}}
    return {**request.said, _SETTINGS: opened} if _is_of_a_plugin(request) else opened


class SecretFile:
    """Where new secrets go: a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> None:
        """Before anything is done: a secret that cannot be kept is lost. Raises ``Conflict``."""
        try:
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError as error:
            raise Conflict(f"{self._path} is there already: secrets go into a new file.") from error

    def keep(self, secrets: Mapping[str, str]) -> None:
        """By the client's id; no file where there are none. Raises ``Unhealthy``."""
        if not secrets:
            self._path.unlink()
            return
        try:
            self._path.write_text(f"{json.dumps(secrets, indent=2)}\n", encoding="utf-8")
        except OSError as error:
            with suppress(OSError):
                self._path.unlink()
            raise Unhealthy(f"{self._path}: {error.strerror}.") from error
        say(f"✓ The secrets of {len(secrets)} clients are in {self._path}.")
