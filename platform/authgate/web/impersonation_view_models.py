"""What pages show of those who act for others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from authgate.storage.people.impersonations import Impersonation
from authgate.vocabulary import AccessState


@dataclass(frozen=True, slots=True)
class ImpersonationLine:
    """That somebody asks to act for a person, and what became of it."""

    actor: str
    reason: str
    asked_at: datetime
    ends_at: datetime
    state: AccessState
    waits: bool
    open: bool
    allow_action: str = ""
    refuse_action: str = ""
    begin_action: str = ""
    end_action: str = ""

    @classmethod
    def of(cls, known: Impersonation, now: datetime, **actions: str) -> Self:
        """As it is at this moment."""
        return cls(
            actor=known.actor_name,
            reason=known.reason,
            asked_at=known.asked_at,
            ends_at=known.ends_at,
            state=known.state,
            waits=known.waits(now),
            open=known.is_open(now),
            **actions,
        )


@dataclass(frozen=True, slots=True)
class OwnImpersonationsPage:
    """``account/impersonations.html``."""

    signed_in_as: str
    account_url: str
    sign_out_action: str
    lines: Sequence[ImpersonationLine]
    stated: bool
    """Whether nobody is asked first."""
    minutes: int
