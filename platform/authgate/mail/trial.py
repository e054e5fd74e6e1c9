"""One mail handed over while somebody looks on: how far it got, and what stopped it.

It is told in words of our own and the code of the server's answer. Whoever chose the server is told
nothing that it says: what answers there need be no mail server, and none of theirs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from authgate.mail import smtp
from authgate.mail.smtp import NotSent, Server
from authgate.vocabulary import MailFault, MailOutcome, MailStep

_TAKEN = 250
"""What a server answers that has taken a mail (RFC 5321 section 4.2.3)."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A step, and what became of it."""

    step: MailStep
    outcome: MailOutcome
    fault: MailFault | None = None
    code: int | None = None
    """Of the server's answer, where that decided."""


async def attempt(server: Server, mail: EmailMessage) -> Sequence[Tried]:
    """Hand the mail to the server, and tell of each step."""
    passed: set[MailStep] = set()
    try:
        await smtp.send(server, mail, passed=passed.add)
    except NotSent as failure:
        return list(_told(server, passed, failure))
    return list(_told(server, passed, None))


def was_taken(tried: Sequence[Tried]) -> bool:
    """Whether the server has the mail."""
    return all(each.outcome is MailOutcome.PASSED for each in tried)


def _told(server: Server, passed: set[MailStep], failure: NotSent | None) -> Iterator[Tried]:
    for step in _steps(server):
        if step in passed:
            yield Tried(
                step, MailOutcome.PASSED, code=_TAKEN if step is MailStep.HAND_OVER else None
            )
        elif failure is None:
            yield Tried(step, MailOutcome.NOT_REACHED)
        else:
            yield Tried(step, MailOutcome.FAILED, failure.fault, failure.code)
            failure = None


def _steps(server: Server) -> Iterator[MailStep]:
    for step in MailStep:
        if step is MailStep.ENCRYPT and server.security == "none":
            continue
        if step is MailStep.SIGN_IN and not server.username:
            continue
        yield step
