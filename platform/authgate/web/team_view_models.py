"""What the console's pages about roles show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authgate.permissions import UserRole
from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class TeamMember:
    """Somebody who may do more than a plain user."""

    url: str
    """Where their role is changed; empty where whoever looks may not."""
    username: str
    name: str
    email: str
    disabled: bool
    own: bool
    """Whether it is who looks."""


@dataclass(frozen=True, slots=True)
class AreaLine:
    """How far each role gets in one area: ``write``, ``read`` or nothing, by role."""

    area: str
    accesses: Mapping[UserRole, str]


@dataclass(frozen=True, slots=True)
class TeamPage:
    """``console/team.html``. ``find_action`` is sent by GET with ``login``."""

    frame: ConsoleFrame
    members: Mapping[UserRole, Sequence[TeamMember]]
    """By role, the one that may most first."""
    areas: Sequence[AreaLine]
    find_action: str
    login: str = ""
    """Whom there is none of by this name."""


@dataclass(frozen=True, slots=True)
class RolePage:
    """``console/role.html``. Posts ``role`` and ``was``, and ``sure=1`` once it was asked."""

    frame: ConsoleFrame
    username: str
    name: str
    email: str
    role: UserRole
    disabled: bool
    roles: Sequence[UserRole]
    """Those that may be given; none where whoever looks may not change this person's."""
    action: str
    cancel_url: str
    wanted: UserRole | None = None
    """With this role it is asked whether it is meant."""
    fault: str = ""
    """Why it was not done."""
