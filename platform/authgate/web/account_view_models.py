"""What a person's own pages show: those of their account, and those by which they get back into it.

A form that was refused shows ``faults``, by the field that has to be another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """What is around every page of an account."""

    signed_in_as: str
    account_url: str
    sign_out_action: str


class ForgottenState(StrEnum):
    """How far somebody is who has forgotten their password."""

    ASK = "ask"
    SENT = "sent"
    """The same whoever has an account."""
    CHOOSE = "choose"
    GONE = "gone"
    """The link is too old, was used, or is not whole."""
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenPasswordPage:
    """``forgot_password.html``. Posts ``username``, or ``token`` and ``password``."""

    state: ForgottenState
    action: str = ""
    sign_in_url: str = ""
    ask_url: str = ""
    username: str = ""
    token: str = ""
    minimum_length: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)


class PasswordDone(StrEnum):
    """What was done on the page just now: said once, after the redirect."""

    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(AccountPage):
    """``account/password.html``. ``password_action`` gets ``current``, ``password`` and
    ``sign_out_others=1``."""

    password_action: str = ""
    """Empty where the person signs in without a password."""
    kept_by: Sequence[str] = ()
    """Where else the password is by which they sign in."""
    sessions_url: str = ""
    minimum_length: int = 0
    others: int = 0
    """In how many other browsers the person is signed in."""
    ends_others: bool = False
    """Whether they are signed out there in any case, as the tenant wants it."""
    done: PasswordDone | None = None
    faults: Mapping[str, str] = field(default_factory=dict)


class ProfileDone(StrEnum):
    """What was done on the page just now: said once, after the redirect."""

    NAME = "name"
    SENT = "sent"
    """A link is on its way to the address."""
    ADDRESS = "address"
    """The address is proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePage(AccountPage):
    """``account/profile.html``. ``action`` gets ``name``, ``address_action`` gets ``email``, and
    ``verify_action`` nothing."""

    username: str
    name: str
    email: str
    email_verified: bool
    action: str = ""
    """Empty where another directory, or the tenant, says what people are called."""
    address_action: str = ""
    verify_action: str = ""
    new_email: str = ""
    done: ProfileDone | None = None
    faults: Mapping[str, str] = field(default_factory=dict)


class AddressState(StrEnum):
    """What whoever follows a link about an address can do."""

    PROVE = "prove"
    UNDO = "undo"
    UNDONE = "undone"
    SOMEBODY_ELSE = "somebody_else"
    """Another account is signed in."""
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPage:
    """``address.html``. Posts ``token``."""

    state: AddressState
    action: str = ""
    token: str = ""
    email: str = ""
    signed_in_as: str = ""
    sign_out_action: str = ""
    forgot_url: str = ""


class DataDone(StrEnum):
    """What was done on the page just now: said once, after the redirect."""

    LEAVING = "leaving"
    STAYS = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPage(AccountPage):
    """``account/data.html``. Its actions get nothing."""

    file_action: str
    leave_action: str = ""
    """Empty where the tenant does not let people go by themselves."""
    stay_action: str = ""
    days: int = 0
    due_at: datetime | None = None
    """When the account is deleted, if that was asked for."""
    fault: str = ""
    done: DataDone | None = None


class JoinState(StrEnum):
    """How far somebody is who begins an account."""

    ASK = "ask"
    SENT = "sent"
    """The same whoever has the address."""
    BEGIN = "begin"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPage:
    """``join.html``. Posts ``email``, or ``token``, ``name`` and ``password``."""

    state: JoinState
    action: str = ""
    sign_in_url: str = ""
    ask_url: str = ""
    token: str = ""
    email: str = ""
    name: str = ""
    minimum_length: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
