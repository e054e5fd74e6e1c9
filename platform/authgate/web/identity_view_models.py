"""What a person's pages show of their ways in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate.web.view_models import SignInOption


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """A further way in, by another provider."""

    id: str
    connection: str
    """What the provider is called here."""
    icon: str
    username: str
    """What the person is called there."""
    linked_at: datetime
    used_at: datetime
    removable: bool
    """Whether there is another way in."""


@dataclass(frozen=True, slots=True)
class IdentitiesPage:
    """``account/identities.html``. ``remove_action`` gets ``identity``."""

    signed_in_as: str
    account_url: str
    sign_out_action: str
    remove_action: str
    password: bool
    """Whether the person may sign in by a password."""
    identities: Sequence[IdentityLine] = ()
    options: Sequence[SignInOption] = ()
    """What may be added."""
    done: str = ""
    """``linked``, ``removed`` or ``last``: said once, after the redirect."""


@dataclass(frozen=True, slots=True)
class IdentityConfirmPage:
    """``account/identity_confirm.html``. Posts ``sealed``."""

    signed_in_as: str
    account_url: str
    sign_out_action: str
    action: str
    connection: str
    username: str
    email: str
    sealed: str
    """Who came back, for this person and for a few minutes."""


@dataclass(frozen=True, slots=True)
class ByAddressPage:
    """``login_by_address.html``. Posts ``email`` and ``return_to``."""

    action: str
    back_url: str
    return_to: str = ""
    email: str = ""
    option: SignInOption | None = None
    """The connection that the address leads to."""
    unknown: bool = False
    """Whether it leads nowhere; says nothing of whether anybody has it."""


@dataclass(frozen=True, slots=True)
class TrialPage:
    """``account/connection_trial.html``: what a provider says of an administrator who tries it."""

    signed_in_as: str
    account_url: str
    sign_out_action: str
    back_url: str
    connection: str
    failed: str = ""
    """What went wrong; nothing where the provider has told who it is."""
    cause: str = ""
    facts: Sequence[tuple[str, str]] = ()
    """What of it counts here: name and value."""
    claims: Sequence[tuple[str, str]] = ()
    """All that was said."""
    outcome: str = ""
    """What a sign-in would come to."""
