"""What the console's pages about roles show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from authgate.permissions import UserRole
from authgate.vocabulary import AccessState
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
class AccessLine:
    """An operator of the installation who wants to come in, or was here. Each of the actions is
    empty where there is nothing to decide, or whoever looks may not."""

    operator: str
    role: UserRole
    reason: str
    emergency: bool
    state: AccessState
    asked_at: datetime
    begins_at: datetime | None
    ends_at: datetime
    over: bool
    decided_by: str
    approve_action: str = ""
    refuse_action: str = ""
    enter_action: str = ""
    end_action: str = ""

    @classmethod
    def of(cls, access: "Told", now: datetime, **actions: str) -> Self:
        """As it is at this moment."""
        return cls(
            operator=access.operator_name,
            role=access.role,
            reason=access.reason,
            emergency=access.emergency,
            state=access.state,
            asked_at=access.asked_at,
            begins_at=access.begins_at,
            ends_at=access.ends_at,
            over=access.state is AccessState.OVER
            or (access.state is AccessState.GRANTED and access.ends_at <= now),
            decided_by=access.decided_by,
            **actions,
        )


class Told(Protocol):
    """What is kept of an access."""

    @property
    def operator_name(self) -> str: ...
    @property
    def role(self) -> UserRole: ...
    @property
    def reason(self) -> str: ...
    @property
    def emergency(self) -> bool: ...
    @property
    def state(self) -> AccessState: ...
    @property
    def asked_at(self) -> datetime: ...
    @property
    def begins_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def decided_by(self) -> str: ...


@dataclass(frozen=True, slots=True)
class TeamPage:
    """``console/team.html``. ``find_action`` is sent by GET with ``login``."""

    frame: ConsoleFrame
    members: Mapping[UserRole, Sequence[TeamMember]]
    """By role, the one that may most first."""
    areas: Sequence[AreaLine]
    find_action: str
    accesses: Sequence[AccessLine] = ()
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
    block_action: str = ""
    """Shuts them out; empty where that is not for whoever looks, or was done."""
    let_in_action: str = ""
    groups: Sequence[str] = ()
    """Names of groups that they belong to, where whoever looks may see them."""
