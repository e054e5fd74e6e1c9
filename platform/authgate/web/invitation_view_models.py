"""What the pages about invitations show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from authgate.permissions import UserRole
from authgate.vocabulary import InvitationStatus
from authgate.web.console_view_models import ConsoleFrame


class InvitationState(StrEnum):
    """What whoever follows the link can do."""

    NEW = "new"
    """Begin an account."""
    KNOWN = "known"
    """Sign in first: the address has an account."""
    JOIN = "join"
    """Accept with the account that is signed in."""
    SOMEBODY_ELSE = "somebody_else"
    """Sign out first: another account is signed in."""
    GONE = "gone"
    """Nothing: it is too old, was taken back or was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPage:
    """``invitation.html``. The form sends ``token``, and for a new account ``name`` and
    ``password``."""

    state: InvitationState
    action: str = ""
    sign_in_url: str = ""
    sign_out_action: str = ""
    token: str = ""
    email: str = ""
    invited_by: str = ""
    name: str = ""
    signed_in_as: str = ""
    minimum_length: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    """By the field that has to be another."""


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """An invitation in the console's list."""

    email: str
    role: UserRole
    status: InvitationStatus
    invited_by: str
    created_at: datetime
    ends_at: datetime
    ended: bool
    """Whether it waits no longer, although nobody took it back."""
    action: str
    """What is done to it goes below; empty where whoever looks may do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationsPage:
    """``console/invitations.html``. The form sends ``email`` and ``role``."""

    frame: ConsoleFrame
    lines: Sequence[InvitationLine]
    action: str
    roles: Sequence[UserRole]
    """Those that whoever looks may give."""
    email: str = ""
    fault: str = ""
