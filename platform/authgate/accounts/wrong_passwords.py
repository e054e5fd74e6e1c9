"""What is written down of those who have not got in, in the audit log."""

from authgate import audit
from authgate.audit import Event
from authgate.storage.people.users import User
from authgate.storage.sign_in import login_failures
from authgate.storage.sign_in.login_failures import Tries


def tried_as(named: User | None) -> audit.Actor:
    """Somebody unknown, and whose name it was that they said."""
    # Of a name that nobody has nothing is written down: people type passwords into that field.
    if named is None:
        return audit.ANONYMOUS
    return audit.Actor("anonymous", str(named.id), named.username)


async def record(event: Event, named: User | None, **details: object) -> None:
    """Write down, with the open unit of work, what came of a password that was tried."""
    await audit.record(
        event, actor=tried_as(named), success=False, details={"method": "pwd", **details}
    )


async def record_pauses(tries: Tries, named: User | None, **details: object) -> None:
    """Write down from where nobody is heard for the name for now, after so many tries."""
    if tries.here >= login_failures.AT_ONE_PLACE.free:
        reason = f"{tries.here} failures in a row"
        await record(Event.ACCOUNT_LOCKED, named, **details, reason=reason)
    if tries.everywhere >= login_failures.EVERYWHERE.free:
        reason = f"{tries.everywhere} failures in a row, from everywhere"
        await record(Event.ACCOUNT_LOCKED, named, **details, reason=reason)
