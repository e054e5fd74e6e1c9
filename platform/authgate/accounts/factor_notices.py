"""People are told by mail that how they sign in has changed: it may not have been them."""

from contextlib import suppress

from authgate import mail
from authgate.accounts.standing import SECURITY
from authgate.installation import Installation
from authgate.languages import Text, offered
from authgate.mail_addresses import BadAddress
from authgate.storage.people import locales
from authgate.storage.people.users import User
from authgate.vocabulary import MailPurpose
from authgate_tenants import current_tenant


async def send(parts: Installation, user: User, what: Text) -> None:
    """Leave a letter for somebody who has proven an address, with the open unit of work."""
    if not user.email or not user.email_verified:
        return
    tag = (await locales.of([user.id])).get(user.id, "")
    among = offered(current_tenant().settings.languages)
    letter = mail.written(
        "security_notice",
        language=next((each for each in among if each.tag == tag), None),
        what=what,
        username=user.username,
        link=f"{current_tenant().issuer}{SECURITY}",
    )
    # Who has been sent enough lately sees it in their account.
    with suppress(BadAddress, mail.TooManyMails):
        await mail.post(parts, letter, recipient=user.email, purpose=MailPurpose.SECURITY_NOTICE)
