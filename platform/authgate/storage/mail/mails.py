"""Mail that leaves, until a server has taken it or it is given up.

What it says is sealed, and destroyed when nobody needs it any more: whoever reads the table finds
no link to follow.
"""

from datetime import datetime, timedelta
from uuid import UUID

from tortoise import fields

from authgate.storage import deliveries
from authgate.storage.deliveries import KEPT, LONGEST_ERROR, Delivery, as_read
from authgate.storage.postgres import turns
from authgate.vocabulary import MailPurpose, MailStatus

LEASE = timedelta(seconds=120)
"""For how long whoever has taken one may be at it, before another tries."""

LONGEST_ADDRESS = 254


class Mail(Delivery):
    """A mail to one person."""

    purpose = fields.CharEnumField(MailPurpose, max_length=16)
    recipient = fields.CharField(LONGEST_ADDRESS)
    mailbox = fields.CharField(LONGEST_ADDRESS, default="", db_default="")
    """Whose it is, whatever stands behind the plus of the address."""
    sealed = fields.BinaryField(null=True)
    """What it says; none once it has been sent or given up."""
    status = fields.CharEnumField(MailStatus, max_length=16)

    class Meta:
        table = "mails"
        unique_together = (("tenant_id", "id"),)
        indexes = (
            ("tenant_id", "status", "next_attempt_at"),
            ("tenant_id", "mailbox", "created_at"),
            ("expires_at",),
        )


async def add(
    mail_id: UUID,
    *,
    purpose: MailPurpose,
    recipient: str,
    mailbox: str,
    sealed: bytes,
    status: MailStatus,
    now: datetime,
) -> None:
    """Store a mail: to be sent from now on, or to be looked at."""
    await Mail.create(
        id=mail_id,
        purpose=purpose,
        recipient=recipient,
        mailbox=mailbox,
        sealed=sealed,
        status=status,
        created_at=now,
        next_attempt_at=now,
        expires_at=now + KEPT,
    )


async def begin_trial(mail_id: UUID, *, now: datetime) -> None:
    """Note that somebody tries whether a mail arrives, which is sent while they look on."""
    await Mail.create(
        id=mail_id,
        purpose=MailPurpose.TEST,
        recipient="",
        mailbox="",
        status=MailStatus.FAILED,
        attempts=1,
        created_at=now,
        next_attempt_at=now,
        ended_at=now,
        expires_at=now + KEPT,
    )


async def trial_taken(mail_id: UUID, *, recipient: str, mailbox: str) -> None:
    """Note that a server has taken it, and for whom."""
    await Mail.filter(id=mail_id).update(
        status=MailStatus.SENT, recipient=recipient, mailbox=mailbox
    )


async def count_trials(*, since: datetime) -> int:
    """How many were tried so since then."""
    over = Mail.filter(status__in=(MailStatus.SENT, MailStatus.FAILED), next_attempt_at__gt=since)
    return await over.filter(purpose=MailPurpose.TEST).count()


async def purposes_to(mailbox: str, *, since: datetime) -> list[MailPurpose]:
    """What the mails to this mailbox were for since then, one for each.

    In a transaction, and nobody else counts or adds one to it meanwhile.
    """
    await turns.take("mailbox", mailbox)
    found = Mail.filter(mailbox=mailbox, created_at__gt=since)
    return [each["purpose"] for each in await found.values("purpose")]


async def take(*, now: datetime, limit: int) -> list[Mail]:
    """Some that are due, the longest waiting first; each is taken by one process at a time."""
    return await deliveries.take(Mail.all(), now=now, limit=limit, lease=LEASE)


async def sent(mail: Mail, *, now: datetime) -> None:
    """Note that a server has taken it, and forget what it says."""
    await as_read(mail).update(status=MailStatus.SENT, sealed=None, last_error="", ended_at=now)


async def postpone(mail: Mail, *, error: str, until: datetime) -> None:
    """Note what went wrong, and when to try again."""
    await as_read(mail).update(last_error=error[:LONGEST_ERROR], next_attempt_at=until)


async def give_up(mail: Mail, *, error: str, now: datetime) -> None:
    """Note what went wrong for the last time, and forget what it says."""
    await as_read(mail).update(
        status=MailStatus.FAILED, sealed=None, last_error=error[:LONGEST_ERROR], ended_at=now
    )


async def newest(*, limit: int, status: MailStatus | None = None) -> list[Mail]:
    """The newest, of one status where it is given."""
    rows = Mail.filter(status=status) if status is not None else Mail.all()
    return await rows.order_by("-id").limit(limit)


async def find(mail_id: UUID) -> Mail | None:
    """The mail with this id."""
    return await Mail.get_or_none(id=mail_id)


async def forget(address: str, *, mailbox: str, until: datetime) -> int:
    """Keep nothing of what was left for an address up to this moment, sent or not; how many mails
    that were. Of a mailbox each address may be somebody else's."""
    theirs = Mail.filter(mailbox=mailbox, recipient=address.lower(), created_at__lte=until)
    return await theirs.delete()
