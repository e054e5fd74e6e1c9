"""What a login policy learns of a sign-in, and what it may say to it."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """A person who has proven who they are, before this browser is signed in."""

    tenant: str
    """Slug of the tenant that they sign in to."""

    subject: str
    """The user's identifier."""

    client_id: str
    """The client that they are on the way to; empty where it is none, or not known."""

    address: str
    """The IP address that the browser comes from."""

    amr: tuple[str, ...]
    """How they have proven it (RFC 8176): ``pwd``, or ``federated``: see ``connection``; and by
    which second factor, once one was shown."""

    acr: str
    """How far that has led: ``1`` for one factor, ``2`` for two."""

    connection: str
    """Slug of the connection that vouched for them; empty where none did."""

    new_browser: bool
    """Whether they have not signed in in this browser within half a year."""


@dataclass(frozen=True, slots=True)
class Allow:
    """The sign-in goes on."""


@dataclass(frozen=True, slots=True)
class Deny:
    """Nobody is signed in."""

    text: str
    """What the person reads: a line of at most 300 characters."""


@dataclass(frozen=True, slots=True)
class StepUp:
    """The person has to prove more first."""

    acr: str
    """What has to be reached."""


LoginDecision: TypeAlias = Allow | Deny | StepUp
"""What a policy says."""
