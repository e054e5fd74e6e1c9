"""One mail handed over while somebody looks on: how far it got, and what stopped it.

It is told in words of our own and the code of the server's answer. Whoever chose the server is told
nothing that it says: what answers there need be no mail server, and none of theirs. What a plugin
says is told, since the installation brought it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authgate.mail.handover import hand_over
from authgate.mail.letters import Letter
from authgate.mail.providers import Provider
from authgate.mail.servers import Carrier
from authgate.mail.smtp import NotSent
from authgate.plugin_manager import LoadedPlugins
from authgate.vocabulary import MailFault, MailOutcome, MailPurpose, MailStep

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
    said: str = ""
    """What became of it in words, where a plugin sends."""


async def attempt(
    plugins: LoadedPlugins,
    carrier: Carrier,
    letter: Letter,
    *,
    mail_id: UUID,
    to: str,
    at: datetime,
) -> Sequence[Tried]:
    """Hand the letter over, and tell of each step."""
    passed: set[MailStep] = set()
    try:
        await hand_over(
            plugins,
            carrier,
            letter,
            mail_id=mail_id,
            to=to,
            purpose=MailPurpose.TEST,
            at=at,
            passed=passed.add,
        )
    except NotSent as failure:
        return list(_told(carrier, passed, failure))
    return list(_told(carrier, passed, None))


def was_taken(tried: Sequence[Tried]) -> bool:
    """Whether the server has the mail."""
    return all(each.outcome is MailOutcome.PASSED for each in tried)


def _told(carrier: Carrier, passed: set[MailStep], failure: NotSent | None) -> Iterator[Tried]:
    for step in _steps(carrier):
        if step in passed:
            is_code = step is MailStep.HAND_OVER and not isinstance(carrier, Provider)
            yield Tried(step, MailOutcome.PASSED, code=_TAKEN if is_code else None)
        elif failure is None:
            yield Tried(step, MailOutcome.NOT_REACHED)
        else:
            said = str(failure) if isinstance(carrier, Provider) else ""
            yield Tried(step, MailOutcome.FAILED, failure.fault, failure.code, said)
            failure = None


def _steps(carrier: Carrier) -> Iterator[MailStep]:
    if isinstance(carrier, Provider):
        yield MailStep.HAND_OVER
        return
    for step in MailStep:
        if step is MailStep.ENCRYPT and carrier.security == "none":
            continue
        if step is MailStep.SIGN_IN and not carrier.username:
            continue
        yield step
