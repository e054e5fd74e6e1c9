"""Whoever is in charge of a tenant is told by mail that an operator wants to come in."""

from contextlib import suppress

from authgate import mail
from authgate.installation import Installation
from authgate.languages import Language, offered
from authgate.mail_addresses import BadAddress
from authgate.permissions import UserRole
from authgate.storage.people import locales, users
from authgate.storage.people.operator_accesses import Access
from authgate.storage.people.users import User
from authgate.vocabulary import MailPurpose
from authgate_tenants import current_tenant

_MOST = 20
"""People who are told; the console shows it to all."""
_TEAM = "/admin/team"


async def send(parts: Installation, access: Access) -> None:
    """Leave a letter for each of them who has proven an address, with the open unit of work."""
    told = [each for each in await users.team() if _decides(each)][:_MOST]
    read = await locales.of([each.id for each in told])
    for person in told:
        letter = mail.written(
            "operator_access",
            language=_language(read.get(person.id, "")),
            operator=access.operator_name,
            reason=access.reason,
            emergency=access.emergency,
            begins=access.begins_at,
            ends=access.ends_at,
            link=f"{current_tenant().issuer}{_TEAM}",
        )
        # Who has been sent enough lately sees it in the console.
        with suppress(BadAddress, mail.TooManyMails):
            address = person.email or ""
            await mail.refuse_flood(parts, address, MailPurpose.OPERATOR_ACCESS)
            await mail.post(parts, letter, recipient=address, purpose=MailPurpose.OPERATOR_ACCESS)


def _language(tag: str) -> Language | None:
    among = offered(current_tenant().settings.languages)
    return next((each for each in among if each.tag == tag), None)


def _decides(person: User) -> bool:
    is_in_charge = person.role in (UserRole.OWNER, UserRole.ADMIN) and not person.is_guest
    return is_in_charge and person.is_active and bool(person.email) and person.email_verified
