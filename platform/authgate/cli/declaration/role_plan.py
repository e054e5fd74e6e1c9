"""Who would be more than a user, or less."""

from typing import NamedTuple

from authgate.cli.declaration.differences import Difference
from authgate.cli.declaration.plan import Act, Change, Request
from authgate.cli.declaration.sections import Managed
from authgate.cli.declaration.state import Seen, State
from authgate.cli.declaration.tenant_file import Declaration
from authgate.cli.doors import people
from authgate.cli.doors.admin_api import AdminApi, Document, within
from authgate.cli.failures import Failure, NotFound
from authgate.permissions import UserRole, covers


class Roles(NamedTuple):
    """What changes of them."""

    given: list[Change]
    taken: list[Change]
    """Whoever may less afterwards, or something else: once others may what they could."""


def planned(api: AdminApi, declared: Declaration, state: State) -> Roles:
    """Both. Raises ``Failure`` for somebody who is not here."""
    found = Roles([], [])
    said = declared.items[Managed.USERS]
    if said is None:
        return found
    holders = {name.casefold(): each for name, each in state.role_holders.items()}
    for place, item in enumerate(said):
        pointer = f"/{Managed.USERS}/{place}"
        person = holders.pop(item["username"].casefold(), None)
        if person is None:
            person = _found(api, declared, item["username"], pointer)
        _add(api, found, person, UserRole(item["role"]), pointer)
    if declared.manages(Managed.USERS):
        for person in holders.values():
            _add(api, found, person, UserRole.USER, "")
    return found


def _found(api: AdminApi, declared: Declaration, username: str, pointer: str) -> Document:
    try:
        return people.found(api, username)
    except NotFound as error:
        place = declared.written.place(f"{pointer}/username")
        raise Failure(f"{place}: {error} Invite them: authgate user invite.") from error


def _add(api: AdminApi, found: Roles, person: Document, role: UserRole, pointer: str) -> None:
    if person["role"] == role:
        return
    place = within("users", person["id"])
    now = Seen(*api.seen(place))
    was = UserRole(now.item["role"])
    request = Request("POST", f"{place}/role", {"role": role}, now.etag)
    differ = [Difference("role", was, role)]
    change = Change(Act.UPDATE, Managed.USERS, person["username"], differ, [request], pointer)
    (found.given if covers(role, was) else found.taken).append(change)
