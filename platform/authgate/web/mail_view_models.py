"""What the pages about mail show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail that was not sent, since there is no server."""

    subject: str
    recipient: str
    at: datetime
    text: str
    links: Sequence[str]
    """Those that stand in it."""


@dataclass(frozen=True, slots=True)
class MailsPage:
    """``mails.html``: those of the tenant, the newest first."""

    mails: Sequence[KeptMail]
