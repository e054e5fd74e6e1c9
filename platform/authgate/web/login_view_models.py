"""What the sign-in page shows: the tenant's own, and that of one directory."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from authgate.web.view_models import SignInOption


class LoginProblem(StrEnum):
    """Why the sign-in page is shown again."""

    MISMATCH = "mismatch"
    """Name and password do not go together; which of the two is wrong is not said."""
    PAUSED = "paused"
    """Too many tries, for this account or from here."""
    STALE = "stale"
    """The form was too old, or came from elsewhere."""
    CONNECTION = "connection"
    """The connection the person chose did not vouch for them."""
    AWAY = "away"
    """Whoever keeps the password cannot be asked, which is no wrong password."""
    SUSPENDED = "suspended"
    """Nobody can sign in to this tenant."""
    PASSKEY = "passkey"
    """The passkey is nobody's here, or was not taken."""


@dataclass(frozen=True, slots=True)
class LoginPage:
    """``login.html``. Posts ``username``, ``password``, ``return_to`` and, where it is offered,
    ``remember=1``."""

    action: str
    return_to: str = ""
    client_name: str | None = None
    """Which application the person will come back to, if that is known."""
    username: str = ""
    options: tuple[SignInOption, ...] = ()
    by_address_url: str = ""
    """Where an address leads to the provider of a company, if it does for any."""
    password: bool = True
    """Whether this tenant has passwords at all."""
    remember_days: int | None = None
    """How long "stay signed in" lasts; not offered where None."""
    forgot_url: str | None = None
    passkey_action: str = ""
    """Where a passkey signs in; empty where the tenant has none. Posts ``credential`` and
    ``return_to``."""
    join_url: str | None = None
    """Where an account is begun; None where people do not do that by themselves."""
    again: bool = False
    """Whether the person is signed in already, and what they want asks for it once more."""
    problem: LoginProblem | None = None
    tries_left: int | None = None
    """With ``MISMATCH``: said from five downwards, so that a pause comes as no surprise."""
    retry_at: datetime | None = None
    """With ``PAUSED``: when the next try is heard."""
    policy_url: str = ""
    """Where that application says what it does with what it learns (RFC 7591 ``policy_uri``)."""
    tos_url: str = ""
    """Its terms."""
    directory: str = ""
    """What keeps the passwords that are typed here, where it is not the tenant; with ``AWAY`` what
    cannot be asked."""
    purpose: str = ""
    """Posted along: what the form of a directory is for beside signing in."""
    back_url: str = ""
    """Of such a form: where the other ways are."""
