"""What the pages show: one value for each template, filled by the endpoint that answers with it.

A template gets its value as ``page`` and reads nothing else of the request: no row, no session and
no secret is within its reach. Every ``…_action`` is the address a form posts to and every ``…_url``
one a link leads to, tenant prefix included; times are aware. What each form sends is said at the
value it belongs to; ``csrf_token`` is in all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self


class Theme(StrEnum):
    """A mode the person chose; without a choice the operating system's holds."""

    LIGHT = "light"
    DARK = "dark"

    @classmethod
    def from_cookie(cls, value: str | None) -> Self | None:
        """The choice in the cookie ``theme``, which the page's script writes."""
        return cls(value) if value in set(cls) else None


@dataclass(frozen=True, slots=True)
class Visit:
    """What every page needs to know of the request it answers."""

    csrf_token: str = ""
    theme: Theme | None = None
    console_url: str = ""
    """Empty unless who is signed in administers the tenant."""
    language_token: str = ""
    """For the form that chooses another language, whatever the page's own form serves."""
    impersonator: str = ""
    """Who acts for the person who is signed in; empty where they do so themselves."""
    impersonated: str = ""
    impersonated_until: datetime | None = None
    stop_action: str = ""
    """Ends it."""


@dataclass(frozen=True, slots=True)
class SignInOption:
    """A way to sign in that is not the password: a connection of the tenant."""

    name: str
    url: str
    icon: str = "key-round"
    """A symbol of ``static/icons.svg``."""
    last_used: bool = False


@dataclass(frozen=True, slots=True)
class GuestEntryPage:
    """``operator_entry.html``. Posts ``key``."""

    action: str
    key: str


class CodeProblem(StrEnum):
    """Why the code has to be typed again."""

    UNKNOWN = "unknown"
    """Not known, ended, used or refused: one answer for all, so that nobody can ask which."""
    PAUSED = "paused"
    """Too many codes tried."""
    STALE = "stale"
    """The form was too old, or came from elsewhere."""


@dataclass(frozen=True, slots=True)
class EnterCodePage:
    """``device/enter_code.html``: step one, type the code. Posts ``user_code`` as it was typed:
    lower case, with or without the dash."""

    action: str
    user_code: str = ""
    lifetime_minutes: int = 15
    problem: CodeProblem | None = None
    retry_at: datetime | None = None
    signed_in_as: str | None = None
    switch_action: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A scope in plain words."""

    name: str
    text: str
    sensitive: bool = False
    detail: str = ""
    """More of it, where the tenant says more."""


@dataclass(frozen=True, slots=True)
class DeviceConfirmPage:
    """``device/confirm.html``: step two, compare and decide (RFC 8628 section 3.3; BCP 247).

    Posts ``user_code``, ``mine=1`` and ``decision``: ``deny``, ``approve`` or ``report``. The
    browser asks for the tick before ``approve`` only; the endpoint must ask for it too.
    """

    action: str
    client_name: str
    first_party: bool
    self_registered: bool
    """Whether nobody of the tenant vouches for what it calls itself."""
    described_at: str
    """Whose host describes it, where it is known by that; empty otherwise."""
    user_code: str
    """As the device shows it, with its dash."""
    device: str
    """What the device says it is, from its user agent; empty where it says nothing."""
    asked_from_ip: str
    same_place: bool | None
    """Whether the request came from where the person is now; None where that cannot be told."""
    asked_at: datetime
    expires_at: datetime
    scopes: tuple[ScopeLine, ...]
    signed_in_as: str
    asked_from_place: str | None = None
    """Town and country, where they are known."""
    your_ip: str | None = None
    """Shown beside the other where they differ."""
    switch_action: str | None = None
    """Posts like ``action``; signs out and comes back to the code."""


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """``consent.html``: whether a client may do what it asks for.

    Posts ``request`` and ``decision``: ``deny`` or ``allow``.
    """

    action: str
    client_name: str
    first_party: bool
    self_registered: bool
    """Whether nobody of the tenant vouches for what it calls itself."""
    described_at: str
    """Whose host describes it, where it is known by that; empty otherwise."""
    returns_to: str
    """Whose address the person is sent back to; empty where that is their own machine."""
    request: str
    """The handle of the authorization request."""
    scopes: tuple[ScopeLine, ...]
    signed_in_as: str
    switch_action: str
    """Posts like ``action``; signs out and comes back to the question."""
    policy_url: str = ""
    """Where the client says what it does with what it learns (RFC 7591 ``policy_uri``)."""
    tos_url: str = ""
    """Its terms."""


@dataclass(frozen=True, slots=True)
class FormPostPage:
    """``form_post.html``: carries an answer to an application (OAuth 2.0 Form Post Response
    Mode), or where it ``signs_in`` a provider's answer to us, from our own page."""

    action: str
    fields: Mapping[str, str]
    signs_in: bool = False


@dataclass(frozen=True, slots=True)
class LogoutPage:
    """``logout.html``: whether to sign out, as an application asks. Posts nothing besides."""

    action: str
    client_name: str
    """Who asks; empty where nobody has said."""
    stay_url: str
    signed_in_as: str
    detail: str = ""
    """What is wrong with the application's request: nobody is sent back to it."""


@dataclass(frozen=True, slots=True)
class SignedOutPage:
    """``signed_out.html``: it is done."""

    sign_in_url: str
    client_name: str = ""
    continue_url: str = ""
    """Where the person goes from here; empty where they stay."""
    frames: tuple[str, ...] = ()
    """Pages of applications that are loaded unseen, before the person goes on."""
    detail: str = ""
    """As in ``LogoutPage``."""


class DeviceOutcome(StrEnum):
    """What the person decided."""

    APPROVED = "approved"
    DENIED = "denied"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class DeviceDonePage:
    """``device/done.html``: what was decided, and what follows."""

    outcome: DeviceOutcome
    client_name: str
    sessions_url: str | None = None
    fetched: bool = False
    """Whether the device has its token."""
    here: str = ""
    """Where this page is asked for again, until the device has it."""
    live_url: str = ""
    """Where news of that come from."""


class ErrorReason(StrEnum):
    """A cause that has words of its own; without one the status speaks."""

    UNKNOWN_TENANT = "unknown_tenant"
    SUSPENDED_TENANT = "suspended_tenant"
    STALE_FORM = "stale_form"
    """The form was too old, or came from elsewhere."""
    QUOTA_REACHED = "quota_reached"
    BLOCKED_ADDRESS = "blocked_address"
    LOGIN_DENIED = "login_denied"
    """A plugin of the tenant lets the person not in, or not yet."""
    LOGIN_UNDECIDED = "login_undecided"
    """A plugin that decides about it could not be asked."""


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """``error.html``, for any status from 400."""

    status: int
    request_id: str
    reason: ErrorReason | None = None
    detail: str = ""
    """A sentence more, which the person may read."""
    retry_at: datetime | None = None
    back_url: str | None = None


class DeviceKind(StrEnum):
    """What a sign-in came from; the values are symbols of ``static/icons.svg``."""

    LAPTOP = "laptop"
    DESKTOP = "monitor"
    PHONE = "smartphone"
    TERMINAL = "terminal"
    TV = "tv"


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A browser the person is signed in with."""

    id: str
    device: str
    """Browser and system, from the user agent: ``Chrome 156 on Linux``."""
    kind: DeviceKind
    ip: str
    current: bool
    last_active_at: datetime
    signed_in_at: datetime
    connection: str | None = None
    """Through which connection; None for the password."""
    place: str | None = None
    new_place: bool = False
    applications: tuple[str, ...] = ()
    block_url: str = ""
    """Where nobody is let in from that address any more; empty for who may not do that."""
    impersonator: str = ""
    """Who acts for the person there; empty where they do so themselves."""


@dataclass(frozen=True, slots=True)
class AccessLine:
    """An application or device that keeps its access without a browser."""

    id: str
    client_name: str
    first_party: bool
    kind: DeviceKind
    device: str
    approved_at: datetime
    scopes: tuple[ScopeLine, ...]
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """``account/sessions.html``. ``end_action`` gets ``session`` (an id), ``end_others_action``
    nothing, ``remove_action`` gets ``access`` (an id), ``sign_out_action`` nothing."""

    signed_in_as: str
    sessions: tuple[SessionLine, ...]
    account_url: str
    sign_out_action: str
    end_action: str
    end_others_action: str
    accesses: tuple[AccessLine, ...] = ()
    has_older_accesses: bool = False
    """Whether the newest are shown only."""
    remove_action: str = ""
    signed_out: int = 0
    """How many sessions were ended just now: said once, after the redirect."""

    @property
    def current_first(self) -> tuple[SessionLine, ...]:
        """The sessions, this browser's first and the latest used next."""
        return tuple(
            sorted(self.sessions, key=lambda it: (it.current, it.last_active_at), reverse=True)
        )

    @property
    def others(self) -> int:
        """How many sessions "everywhere else" ends."""
        return sum(not each.current for each in self.sessions)


@dataclass(frozen=True, slots=True)
class AppLine:
    """All that an application may do in the person's name, wherever it runs."""

    client_id: str
    client_name: str
    first_party: bool
    kind: DeviceKind
    scopes: tuple[ScopeLine, ...]
    since: datetime
    used_at: datetime | None
    """When it was last given a token; None where it holds none that works."""


@dataclass(frozen=True, slots=True)
class AppsPage:
    """``account/apps.html``. ``remove_action`` gets ``client`` (a client_id)."""

    signed_in_as: str
    account_url: str
    sign_out_action: str
    apps: tuple[AppLine, ...]
    remove_action: str
    removed: bool = False
    """Whether one was removed just now: said once, after the redirect."""
