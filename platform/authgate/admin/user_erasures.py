"""``/users/{user_id}/erase`` and ``/user-erasures``: people who are erased, and the proof of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate.admin import people
from authgate.admin.places import BASE
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import (
    BeyondOwnRole,
    Conflict,
    Fault,
    Invalid,
    NotFound,
    RecentSignInRequired,
)
from authgate.provisioning import erasure as provisioned
from authgate.provisioning.erasure import NotConfirmed
from authgate.sealing import erasure_proofs
from authgate.storage.people import person_erasures
from authgate.storage.people.person_erasures import ErasureState
from authgate.storage.people.usernames import LONGEST_NAME
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import current_tenant


class UserErasureWish(Document):
    """That somebody is to be erased."""

    model_config = exemplified(confirmation="mira")

    confirmation: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    """Their username, once more."""


_EXAMPLE: dict[str, Any] = {
    "id": "01a22b9b-242f-72ca-909d-473febcc52c7",
    "user_id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd",
    "state": "erased",
    "requested_by": "user:0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
    "requested_at": "2026-03-02T09:12:44Z",
    "removed_at": "2026-03-02T09:12:45Z",
    "rows": {"users": 1, "browser_sessions": 2, "tokens": 14},
    "events": 61,
    "ended_at": "2026-03-02T09:18:02Z",
}


class UserErasureDocument(Document):
    """How far somebody's erasure has come. It names nobody."""

    model_config = exemplified(**_EXAMPLE)

    id: UUID
    user_id: UUID
    """Whose it is: `sub` of the tokens that they had."""

    state: ErasureState
    """`requested` becomes `removed`, and `erased` once the audit log tells nothing of them."""

    requested_by: str
    """Type and id of who wanted it."""

    requested_at: datetime
    removed_at: datetime | None
    rows: Mapping[str, int]
    """Rows that were removed, or emptied of names, by table."""

    events: int
    """Events of the audit log that were emptied so far."""

    ended_at: datetime | None


class UserErasureProof(UserErasureDocument):
    """The same, with the proof."""

    model_config = exemplified(
        **_EXAMPLE,
        certificate="eyJhbGciOiJFZERTQSIsInR5cCI6ImVyYXN1cmUtY2VydGlmaWNhdGUrand0In0.eyJldmVu.c2ln",
        certificate_key="Zr3bHp0tRvgAkLsJcX2dbKJ5Xq1nF4dZ0o9sQm7uV0E",
    )

    certificate: str | None
    """A signed statement (JWS) of what was removed, once all is done."""

    certificate_key: str
    """The thumbprint of the key that has signed it, or will: whoever notes it can check the
    certificate anywhere."""


class UserErasureList(ListDocument):
    """Erasures, the newest first."""

    items: Sequence[UserErasureDocument]


async def erase_user(call: Call[Nothing, UserErasureWish]) -> Answer[UserErasureDocument]:
    """Have a person be erased: all that is theirs, where they are named beside what they did for
    others, and, at once, what the audit log tells of them.

    Nobody acts in their name from now on. The rest is a job: look at it until it is `erased`.
    Nobody erases themselves, somebody who may more than they may, or the last owner. It asks a
    person for a recent sign-in. While the log is held, it forgets nobody.
    """
    user = await people.found(call)
    call.caller.require_recent_sign_in(call.parts.clock())
    try:
        with people.worded():
            asked = await provisioned.request(
                call.parts,
                user.id,
                confirmation=call.body.confirmation,
                by=call.caller.authority,
            )
    except NotConfirmed as error:
        raise Invalid(faults=[Fault(str(error), pointer="/confirmation")]) from error
    place = f"{current_tenant().issuer}{BASE}/user-erasures/{asked.id}"
    return Answer(_told(asked), ((b"location", place.encode("ascii")),))


async def list_user_erasures(call: Call[ListQuery, Nothing]) -> Answer[UserErasureList]:
    """List the erasures of people."""
    page = await person_erasures.listed(cursor=await lists.opened(call), limit=call.query.limit)
    return await lists.answer(call, page, UserErasureList, _told)


async def read_user_erasure(call: Call[Nothing, Nothing]) -> Answer[UserErasureProof]:
    """Read how far an erasure has come, and take its certificate along once there is one."""
    found = await person_erasures.find(call.uuid("user_erasure_id"))
    if found is None:
        raise NotFound
    proof = UserErasureProof(
        **_told(found).model_dump(),
        certificate=found.certificate or None,
        certificate_key=erasure_proofs.signer(call.parts, found),
    )
    return Answer(proof)


def _told(erasure: Any) -> UserErasureDocument:
    return told(erasure, UserErasureDocument)


_ALL = "/user-erasures"

OPERATIONS = [
    operation(
        HTTPMethod.POST,
        "/users/{user_id}/erase",
        erase_user,
        scope=Scope.USERS_WRITE,
        status=HTTPStatus.ACCEPTED,
        problems=[RecentSignInRequired, Conflict, BeyondOwnRole],
    ),
    operation(HTTPMethod.GET, _ALL, list_user_erasures, scope=Scope.USERS_READ),
    operation(
        HTTPMethod.GET, f"{_ALL}/{{user_erasure_id}}", read_user_erasure, scope=Scope.USERS_READ
    ),
]
