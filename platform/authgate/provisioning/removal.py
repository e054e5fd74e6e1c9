"""What goes with a person, whoever wants it: themselves, an administrator, another directory."""

from datetime import datetime
from typing import NamedTuple

from authgate import audit, mail_addresses
from authgate.audit import Actor, Event
from authgate.provisioning.users import end_access, open_account
from authgate.sealing import forgetting
from authgate.storage.mail import mails
from authgate.storage.people import directory, person_erasures, traces, users
from authgate.storage.people.users import User
from authgate.vocabulary import UserStatus


class Wish(NamedTuple):
    """That somebody be gone: whose wish it was, and since when."""

    by: Actor
    at: datetime


async def remove(user: User, *, actor: Actor, now: datetime, wish: Wish | None = None) -> None:
    """Remove somebody whom the unit of work holds, with all that is theirs and acts in their name,
    and have them be named nowhere else; the log forgets them when the tenant wants, or at once
    where somebody has asked that they be erased, whoever removes them then.

    The certificate names whose ``wish`` it was: the actor's, unless a job does what was asked for
    before.
    """
    wanted_by, wanted_at = wish or Wish(actor, now)
    at_once = await person_erasures.is_requested(user.id)
    await users.set_status(user.id, UserStatus.DISABLED)
    await end_access(user, now)
    await open_account(user)
    await person_erasures.begin(user.id, requested_by=said(wanted_by), now=wanted_at)
    removed = await directory.remove(user.id)
    if user.email is not None and user.email_verified:
        removed["mails"] = await mails.forget(
            user.email, mailbox=mail_addresses.mailbox(user.email), until=now
        )
    for table, rows in (await traces.forget(user)).items():
        removed[table] = removed.get(table, 0) + rows
    await person_erasures.removed(user.id, {k: v for k, v in removed.items() if v}, now=now)
    await forgetting.erase_person(user, now=now, at_once=at_once)
    await audit.record(
        Event.USER_DELETED,
        actor=actor,
        resource=("user", str(user.id)),
        details={"username": user.username},
    )


def said(actor: Actor) -> str:
    """Who wanted it, without a name."""
    return ":".join(filter(None, (actor.type, actor.id)))
