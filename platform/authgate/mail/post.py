"""Where a letter is left: with the transaction of what it tells of."""

import secrets
from datetime import timedelta
from functools import partial

import orjson
from uuid_utils.compat import uuid7

from authgate import mail_addresses, storage
from authgate.installation import Installation
from authgate.jobs import SendMails, port
from authgate.languages import text
from authgate.mail.letters import Letter
from authgate.mail.servers import MailServers
from authgate.storage.mail import mails
from authgate.storage.mail.mails import Mail
from authgate.vocabulary import MailPurpose, MailStatus
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher

MOST_TO_ONE = 3
"""Mails for one purpose that one mailbox is sent in an hour."""

MOST_ASKED_FOR = 6
"""Mails that others may have one mailbox sent in an hour: nobody is flooded through us."""

_ASKED_FOR = frozenset(
    {
        MailPurpose.TEST,
        MailPurpose.SIGN_UP,
        MailPurpose.INVITATION,
        MailPurpose.ADDRESS,
        MailPurpose.JOIN,
    }
)
"""What goes to whichever address is named. None of it keeps away what people have to learn of their
account, or the way back into it."""

_WHILE = timedelta(hours=1)
_SEAL = "mail"


class TooManyMails(Exception):
    """This address has been sent enough for now. The text may be told."""

    def __init__(self) -> None:
        super().__init__(text("This address was sent enough mails within an hour: wait."))


async def refuse_flood(parts: Installation, recipient: str, purpose: MailPurpose) -> None:
    """In a transaction. Raises ``TooManyMails`` where somebody has been sent enough of it for
    now."""
    mailbox, since = mail_addresses.mailbox(recipient), parts.clock() - _WHILE
    sent = await mails.purposes_to(mailbox, since=since)
    asked_for = sum(each in _ASKED_FOR for each in sent)
    if sent.count(purpose) >= MOST_TO_ONE:
        raise TooManyMails
    if purpose in _ASKED_FOR and asked_for >= MOST_ASKED_FOR:
        raise TooManyMails


async def post(
    parts: Installation,
    letter: Letter,
    *,
    recipient: str,
    purpose: MailPurpose,
) -> None:
    """Have a letter of the current tenant sent once this is committed.

    Raises ``BadAddress`` and ``TooManyMails``.
    """
    address = mail_addresses.checked(recipient)
    async with storage.transaction():
        await refuse_flood(parts, address, purpose)
        await _leave(parts, letter, address, purpose)


async def post_owed(
    parts: Installation, letter: Letter, *, recipient: str | None, purpose: MailPurpose
) -> None:
    """Have a letter sent once this is committed, however many there were.

    For nobody the same is done and nothing sent: whoever waits for the answer learns from the time
    that it takes no more than from what it says. Raises ``BadAddress``.
    """
    address = mail_addresses.checked(nobody() if recipient is None else recipient)
    async with storage.transaction():
        await _leave(parts, letter, address, purpose, withheld=recipient is None)


def nobody() -> str:
    """An address that nobody has, another one each time."""
    return f"{secrets.token_hex(8)}@nobody.invalid"


async def _leave(
    parts: Installation,
    letter: Letter,
    address: str,
    purpose: MailPurpose,
    *,
    withheld: bool = False,
) -> None:
    tenant, mail_id = current_tenant(), uuid7()
    servers = MailServers(parts.settings, parts.encryption)
    cipher = await parts.encryption.cipher(tenant.id)
    is_kept = servers.keeps and await servers.of_tenant() is None
    status = MailStatus.KEPT if is_kept else MailStatus.PENDING
    await mails.add(
        mail_id,
        purpose=purpose,
        recipient=address.lower(),
        mailbox=mail_addresses.mailbox(address),
        sealed=_sealed(cipher, mail_id, letter, address),
        status=MailStatus.WITHHELD if withheld else status,
        now=parts.clock(),
    )
    if not is_kept:
        await storage.after_commit(partial(port.hint, SendMails(), tenant_id=tenant.id))


def opened(cipher: TenantCipher, mail: Mail) -> tuple[Letter, str]:
    """What a mail says, and the address as it was given. Raises ``SealBroken``."""
    sealed = bytes(mail.sealed or b"")
    subject, text, html, address = orjson.loads(
        cipher.open(kind=_SEAL, object_id=str(mail.id), sealed=sealed)
    )
    return Letter(subject, text, html), address


def _sealed(cipher: TenantCipher, mail_id: object, letter: Letter, address: str) -> bytes:
    return cipher.seal(
        kind=_SEAL, object_id=str(mail_id), plaintext=orjson.dumps([*letter, address])
    )
