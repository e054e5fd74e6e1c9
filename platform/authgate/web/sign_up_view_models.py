"""What the pages show on which somebody begins a tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpPage:
    """``sign_up.html``. The form sends ``email``, ``name`` and ``slug``."""

    state: Literal["open", "invitation", "sent", "gone"]
    action: str = ""
    email: str = ""
    name: str = ""
    slug: str = ""
    address_before: str = ""
    """What stands before the slug in the tenant's address, and behind it."""
    address_after: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    """By the field that has to be another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpConfirmPage:
    """``sign_up_confirm.html``. The form sends ``token`` and ``password``, and where it asks for
    them ``name`` and ``slug``."""

    action: str
    token: str
    email: str
    name: str
    slug: str
    asks: bool
    """Whether name and slug are still to be chosen."""
    address_before: str
    address_after: str
    minimum_length: int
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundedPage:
    """``sign_up_done.html``."""

    name: str
    issuer: str
    owner: str
    sign_in_url: str
    is_new: bool
    """Whether it was begun just now."""
