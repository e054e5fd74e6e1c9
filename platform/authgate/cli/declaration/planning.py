"""From what a file declares, and what a tenant has, to what would change."""

from collections.abc import Sequence

from authgate.cli.declaration import (
    collection_plan,
    mail_plan,
    plugin_plan,
    role_plan,
    settings_plan,
)
from authgate.cli.declaration.plan import Act, Change, Plan
from authgate.cli.declaration.sections import CLIENTS, SCOPES, SECTIONS
from authgate.cli.declaration.state import State
from authgate.cli.declaration.tenant_file import Declaration
from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.failures import Conflict, Failure, NotAllowed
from authgate.storage.tenants.quotas import Quota


def planned(api: AdminApi, declared: Declaration, *, acts_as: str | None = None) -> Plan:
    """What would change, in the order in which nothing is missing meanwhile: what others need
    comes first and goes last.

    ``acts_as`` is the client that whoever asks is known by. Raises ``Failure`` for what cannot be
    done, as far as that is known before.
    """
    state = State(api)
    _refuse_another(declared, state)
    comes = [
        *plugin_plan.going(declared, state),
        *settings_plan.planned(api, declared, state),
        *plugin_plan.planned(declared, state),
        *mail_plan.planned(declared, state),
    ]
    goes: list[Change] = []
    for section in SECTIONS:
        comes += collection_plan.coming(section, declared, state)
        goes = [*collection_plan.going(section, declared, state), *goes]
    roles = role_plan.planned(api, declared, state)
    goes += roles.taken
    _refuse_own_end(goes, acts_as)
    _refuse_needed(declared, state, goes)
    return Plan(state.issuer, _within_plan(state, [*comes, *roles.given], goes))


def _refuse_another(declared: Declaration, state: State) -> None:
    if declared.issuer is None or declared.issuer == state.issuer:
        return
    if state.issuer is None:
        raise NotAllowed("Whose tenant this is may be seen with the scope authgate:domains:read.")
    place = declared.written.place("/issuer")
    raise Failure(f"{place}: The file is for {declared.issuer}, and this is {state.issuer}.")


def _refuse_own_end(goes: Sequence[Change], client_id: str | None) -> None:
    for each in goes:
        if each.section == CLIENTS.name and each.name == client_id:
            raise Conflict(f"{client_id} is the client that you act by: let the file name it.")


def _refuse_needed(declared: Declaration, state: State, goes: Sequence[Change]) -> None:
    """No scope goes that a client is registered for then. Raises ``Conflict``."""
    gone = {each.name for each in goes if each.section == SCOPES.name}
    if not gone:
        return
    try:
        there = state.items(CLIENTS)
    except NotAllowed:
        return
    ends = {each.name for each in goes if each.section == CLIENTS.name}
    left = {name: it["scopes"] for name, it in there.items() if name not in ends}
    said = {each["client_id"]: each["scopes"] for each in declared.items[CLIENTS.name] or ()}
    for client_id, scopes in (left | said).items():
        for scope in gone.intersection(scopes):
            raise Conflict(f"The client {client_id} is registered for the scope {scope}.")


def _within_plan(state: State, comes: list[Change], goes: list[Change]) -> list[Change]:
    """Clients that go make room for those that come. Raises ``Conflict`` where that is too
    little."""
    made = sum(each.section == CLIENTS.name and each.act is Act.CREATE for each in comes)
    room = state.room(Quota.CLIENTS) if made else None
    if room is None or made <= room:
        return [*comes, *goes]
    first = [each for each in goes if each.section == CLIENTS.name]
    if made > room + len(first):
        raise Conflict(
            f"{made} clients would come and {len(first)} go, and the plan has room for {room}:"
            " nothing was done."
        )
    return [*first, *comes, *(each for each in goes if each not in first)]
