"""What a plugin sends in the place of a mail server, and what it says to that."""

from dataclasses import dataclass, field


class MailNotSent(Exception):
    """The service has not taken the mail, and says so: nothing is wrong with the plugin.

    The text is shown to those who look after mail, and logged: no secret, and nothing of the mail.
    """

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final
        """Whether it never will: then it is not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMessage:
    """A mail to one person. What it says may let whoever reads it in: log none of it."""

    tenant: str
    """Slug of the tenant that sends it."""

    message_id: str
    """Its ``Message-ID`` (RFC 5322 section 3.6.4): the same each time it is tried."""

    purpose: str
    """What it is for, in a word: ``invitation``, ``password``, ``security_notice`` …"""

    sender: str
    """Whom it comes from: ``no-reply@acme.example``, or ``Acme <no-reply@acme.example>``. What the
    tenant's administrators chose: nobody has looked whether the domain is theirs."""

    recipient: str = field(repr=False)
    """An address, without a name."""

    subject: str = field(repr=False)
    """One line."""

    text: str = field(repr=False)
    """What it says."""

    html: str = field(repr=False)
    """The same as HTML, with nothing that has to be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTaken:
    """The service has the mail, and sends it."""

    reference: str = ""
    """What it is called there, for the log: a line of at most 200 characters."""
