"""One mail, handed to whatever sends it."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from authgate.mail import providers, smtp
from authgate.mail.letters import Letter
from authgate.mail.providers import Provider
from authgate.mail.servers import Carrier
from authgate.plugin_manager import LoadedPlugins
from authgate.vocabulary import MailPurpose, MailStep


async def hand_over(
    plugins: LoadedPlugins,
    carrier: Carrier,
    letter: Letter,
    *,
    mail_id: UUID,
    to: str,
    purpose: MailPurpose,
    at: datetime,
    passed: Callable[[MailStep], None] = smtp.untold,
) -> None:
    """Have it take the letter of the current tenant, and tell of each step that is over. Raises
    ``NotSent``."""
    if isinstance(carrier, Provider):
        mail = providers.message(carrier, letter, mail_id=mail_id, to=to, purpose=purpose)
        await providers.send(plugins, carrier, mail)
        passed(MailStep.HAND_OVER)
    else:
        travels = smtp.message(carrier, letter, mail_id=mail_id, to=to, at=at)
        await smtp.send(carrier, travels, passed=passed)
