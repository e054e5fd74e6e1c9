"""How much of the installation a tenant may use. What a plan does not say is not limited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import Field

from authgate_tenants.stored_choices import StoredChoices

DEFAULT: Final = "default"
"""The plan of a tenant that was given none."""

Most = Annotated[int, Field(ge=0, le=1_000_000_000)]
Seconds = Annotated[int, Field(gt=0, le=31_536_000)]


@dataclass(frozen=True, slots=True)
class Plan(StoredChoices):
    """What a tenant may use; ``None`` is as much as it wants. Lifetimes are whole seconds."""

    name: str = DEFAULT

    clients: Most | None = None
    """Clients that there may be, those that wait for approval and disabled ones among them."""

    users: Most | None = None
    """People that there may be, disabled ones among them; guests of the installation are none."""

    groups: Most | None = None
    """Groups that there may be."""

    monthly_active_users: Most | None = None
    """People who sign in within a calendar month (UTC)."""

    monthly_active_users_are_refused: bool = False
    """Whether more of them are refused; if not, whoever administers the tenant is told."""

    longest_access_token: Seconds | None = None
    """The most that the tenant may choose as the lifetime of access tokens."""

    longest_refresh_token: Seconds | None = None
    """The most that it may choose as the lifetime of refresh tokens."""

    longest_session: Seconds | None = None
    """The most that it may choose as the lifetime of browser sessions."""

    limits: Mapping[str, str] = field(default_factory=dict)
    """Limits that differ from the installation's, by the limit's name, as ``"5/min burst 5"``. The
    tenant's own can only be narrower."""


BUILT_IN: Final = {
    plan.name: plan
    for plan in (
        Plan(),
        Plan(
            "free",
            clients=10,
            users=1_000,
            groups=50,
            monthly_active_users=500,
            monthly_active_users_are_refused=True,
            longest_access_token=86_400,
            longest_refresh_token=2_592_000,
            longest_session=2_592_000,
            limits={"api_per_caller": "5/s burst 50"},
        ),
        Plan(
            "business",
            clients=1_000,
            users=100_000,
            groups=5_000,
            monthly_active_users=50_000,
        ),
    )
}
"""What an installation has before anybody makes plans."""


def stored(name: str, choices: Mapping[str, Any] | None) -> Plan:
    """A plan as a row has it; where there is no row the built-in one, or else the default."""
    if choices is None:
        return BUILT_IN.get(name) or BUILT_IN[DEFAULT]
    return Plan.from_json({**choices, "name": name})
