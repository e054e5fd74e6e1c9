"""What the pages about second factors show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from authgate.web.view_models import DeviceKind


@dataclass(frozen=True, slots=True)
class QrCode:
    """A picture for a camera, as the path of an SVG."""

    size: int
    """Modules on each side, with the quiet zone."""
    path: str


class SecondFactorProblem(StrEnum):
    """Why the page is shown again."""

    MISMATCH = "mismatch"
    """The code is wrong, too old, or was used."""
    PAUSED = "paused"
    """Too many tries."""


@dataclass(frozen=True, slots=True)
class SecondFactorPage:
    """``second_factor/ask.html``. Posts ``code``, ``return_to`` and, where it is offered,
    ``remember_device=1``."""

    action: str
    signed_in_as: str
    back_url: str
    """Where somebody begins once more, or as somebody else."""
    return_to: str = ""
    client_name: str | None = None
    passkey_action: str = ""
    """Where a passkey's form is sent; empty for who has none. Posts ``credential`` besides."""
    takes_codes: bool = True
    """Whether the person has an app or recovery codes."""
    remember_days: int | None = None
    """How long no second factor is asked for here; not offered where None."""
    problem: SecondFactorProblem | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FactorSoonPage:
    """``second_factor/soon.html``: a second factor is asked for from a date on."""

    signed_in_as: str
    due_at: datetime
    set_up_url: str
    continue_url: str


@dataclass(frozen=True, slots=True)
class EnrolmentPage:
    """``second_factor/set_up.html``. Posts ``code``, ``enrolment`` and ``return_to``."""

    action: str
    signed_in_as: str
    back_url: str
    qr_code: QrCode
    key: str
    """What the picture says, to be typed."""
    enrolment: str
    """The secret, sealed, until a first code has proven that the app has it."""
    is_required: bool
    """Whether nobody gets on without it."""
    replaces: bool
    """Whether the person has an app, which is good for nothing then."""
    voids_codes: bool = False
    """Whether the person has no app, and recovery codes all the same, which are void then."""
    passkey_action: str = ""
    """Where a passkey does as well; empty where the person has a factor already. Gets
    ``credential``, ``name`` and ``return_to``."""
    return_to: str = ""
    problem: SecondFactorProblem | None = None


@dataclass(frozen=True, slots=True)
class RecoveryCodesPage:
    """``second_factor/codes.html``: shown once."""

    codes: Sequence[str]
    continue_url: str
    is_new_app: bool
    """Whether an app was set up just now, or codes were asked for alone."""


@dataclass(frozen=True, slots=True)
class RememberedLine:
    """A browser that asks for no second factor."""

    id: str
    device: str
    kind: DeviceKind
    ip: str
    since: datetime
    used_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """A passkey of the person."""

    id: str
    name: str
    since: datetime
    used_at: datetime | None
    made_by: str = ""
    """What made it, where it says so and its name does not."""


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """``account/security.html``. ``remove_action`` and ``codes_action`` get nothing,
    ``forget_action`` gets ``device`` (an id), or nothing for all of them. ``passkeys_action`` gets
    ``credential`` and ``name``; below it ``remove`` gets ``passkey`` (an id), and ``rename``
    gets that and ``name``."""

    signed_in_as: str
    account_url: str
    sign_out_action: str
    set_up_url: str
    remove_action: str
    codes_action: str
    forget_action: str
    is_offered: bool
    """Whether the tenant has second factors."""
    is_required: bool
    """Whether this person cannot be without one."""
    due_at: datetime | None
    """Until when they can all the same."""
    app_since: datetime | None
    app_used_at: datetime | None
    recovery_codes: int
    devices: Sequence[RememberedLine]
    passkeys: Sequence[PasskeyLine] = ()
    passkeys_action: str = ""
    done: str = ""
    """What was done just now: said once, after the redirect."""
