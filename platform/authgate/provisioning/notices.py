"""People are told by mail what becomes of their accounts."""

from authgate import mail, mail_addresses
from authgate.installation import Installation
from authgate.languages import Language
from authgate.storage.people.users import User
from authgate.vocabulary import MailPurpose


async def tell(
    parts: Installation,
    user: User,
    template: str,
    *,
    language: Language | None = None,
    **about: object,
) -> None:
    """Leave a letter for somebody, where they can be written to, with what its template says of
    them besides their name."""
    address = mail_addresses.reachable(user.email)
    if address is None:
        return
    letter = mail.written(template, language=language, name=user.username, **about)
    await mail.post_owed(parts, letter, recipient=address, purpose=MailPurpose.NOTICE)
