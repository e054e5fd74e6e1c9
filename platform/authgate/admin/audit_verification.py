"""``/audit-verification``: whether the audit log is as it was sealed."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, NotFound
from authgate.sealing import checking
from authgate.sealing.checking import LogCheck, UnfitCheck
from authgate.sealing.faults import Kind
from authgate.tokens.admin_scopes import Scope


class AuditFault(Document):
    """Something that is wrong with the log."""

    model_config = exemplified(
        kind="edited", seq=417, until=417, event_id="01a22b9b-242f-72ca-909d-473febcc52b1", found=""
    )

    kind: Kind
    seq: int
    """The place; of seals the first one that they hold fast."""

    until: int
    """The last place that it is about."""

    event_id: str
    found: str
    """More, for people."""


class AuditVerification(Document):
    """How far the check of the log has come, or what it has found."""

    model_config = exemplified(
        requested_by="mira",
        began_at="2026-03-02T09:12:44Z",
        ended_at="2026-03-02T09:12:51Z",
        percent=100,
        sound=True,
        first_seq=1,
        seq=120480,
        events=120480,
        seals=412,
        erased=0,
        removed=0,
        waiting=3,
        signed_by="Nz6cdWXR2e4CN1oJv9LZ8XJ0V7lqWbG6y5mEy7JmTnA",
        fault_count=0,
        faults=[],
    )

    requested_by: str
    began_at: datetime
    ended_at: datetime | None
    """`null` while it goes on."""

    percent: int
    sound: bool
    """Whether nothing is wrong with what was looked at so far."""

    first_seq: int
    """The first place of which the event is there."""

    seq: int
    """The last place that was looked at."""

    events: int
    seals: int
    erased: int
    """Events of which what told of a person was emptied, as others say."""

    removed: int
    """Events whose time was over, as others say."""

    waiting: int
    """Events that wait for their seal: nothing holds them fast yet."""

    signed_by: str
    """The thumbprint of the key that has sealed last (RFC 7638)."""

    fault_count: int
    faults: Sequence[AuditFault]
    """The first hundred."""


async def read_audit_verification(call: Call[Nothing, Nothing]) -> Answer[AuditVerification]:
    """Read what was found when the audit log was checked last, or how far that has come."""
    del call
    check = await checking.newest()
    if check is None:
        raise NotFound
    return Answer(await _told(check))


async def verify_audit_log(call: Call[Nothing, Nothing]) -> Answer[AuditVerification]:
    """Have the audit log be checked: that no event was changed, removed, put in or moved since it
    was sealed.

    It is done beside the requests, all of the log: look at it until it has ended. That its end was
    cut off is found by a checkpoint alone that was kept elsewhere (`authgate audit verify`).
    """
    try:
        check = await checking.begin(call.parts, actor=call.caller.actor)
    except UnfitCheck as error:
        raise Conflict("It is being checked, or nothing is sealed yet.") from error
    return Answer(await _told(check))


async def _told(check: LogCheck) -> AuditVerification:
    names = AuditVerification.model_fields.keys() & LogCheck.__dataclass_fields__.keys()
    found = {name: getattr(check, name) for name in names - {"faults"}}
    return AuditVerification(
        **found,
        percent=await checking.percent(check),
        sound=check.is_sound,
        faults=[told(each, AuditFault) for each in check.faults],
    )


_READ = Scope.AUDIT_READ
_HERE = "/audit-verification"

OPERATIONS = [
    operation(HTTPMethod.GET, _HERE, read_audit_verification, scope=_READ, problems=[NotFound]),
    operation(
        HTTPMethod.POST,
        _HERE,
        verify_audit_log,
        scope=_READ,
        status=HTTPStatus.ACCEPTED,
        problems=[Conflict],
    ),
]
