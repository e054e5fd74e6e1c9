"""Where a letter is left: with the transaction of what it tells of."""

from datetime import timedelta
from functools import partial

import orjson
from uuid_utils.compat import uuid7

from authgate import mail_addresses, storage
from authgate.installation import Installation
from authgate.jobs import SendMails, port
from authgate.mail.letters import Letter
from authgate.mail.servers import MailServers
from authgate.storage.mail import mails
from authgate.storage.mail.mails import Mail
from authgate.vocabulary import MailPurpose, MailStatus
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher

MOST_TO_ONE = 3
"""Mails that one mailbox is sent in an hour, whatever they say: nobody is flooded through us."""

_WHILE = timedelta(hours=1)
_SEAL = "mail"


class TooManyMails(Exception):
    """This address has been sent enough for now. The text may be told."""

    def __init__(self) -> None:
        super().__init__("This address was sent three mails within an hour: wait.")


async def refuse_flood(parts: Installation, recipient: str) -> None:
    """In a transaction. Raises ``TooManyMails`` where somebody has been sent enough for now."""
    mailbox, since = mail_addresses.mailbox(recipient), parts.clock() - _WHILE
    if await mails.count_to(mailbox, since=since) >= MOST_TO_ONE:
        raise TooManyMails


async def post(
    parts: Installation, letter: Letter, *, recipient: str, purpose: MailPurpose
) -> None:
    """Have a letter of the current tenant sent once this is committed.

    Raises ``BadAddress`` and ``TooManyMails``.
    """
    address, now, tenant = mail_addresses.checked(recipient), parts.clock(), current_tenant()
    servers, mail_id = MailServers(parts.settings, parts.encryption), uuid7()
    cipher = await parts.encryption.cipher(tenant.id)
    async with storage.transaction():
        await refuse_flood(parts, address)
        is_kept = servers.keeps and await servers.of_tenant() is None
        await mails.add(
            mail_id,
            purpose=purpose,
            recipient=address.lower(),
            mailbox=mail_addresses.mailbox(address),
            sealed=_sealed(cipher, mail_id, letter, address),
            status=MailStatus.KEPT if is_kept else MailStatus.PENDING,
            now=now,
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
