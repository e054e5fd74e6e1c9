"""What the console's pages about groups show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group in a list."""

    url: str
    name: str
    description: str
    roles: Sequence[str]
    members: int


@dataclass(frozen=True, slots=True)
class GroupsPage:
    """``console/groups.html``. ``action`` is sent by GET with ``search``."""

    frame: ConsoleFrame
    action: str
    new_url: str
    groups: Sequence[GroupLine]
    search: str = ""
    next_url: str | None = None
    previous_url: str | None = None


@dataclass(frozen=True, slots=True)
class MemberLine:
    """Somebody who belongs to a group."""

    action: str
    """Posted, they do so no longer."""
    username: str
    name: str
    email: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class GroupPage:
    """``console/group.html``. ``add_action`` gets ``login``."""

    frame: ConsoleFrame
    list_url: str
    edit_url: str
    add_action: str
    group: GroupLine
    people: Sequence[MemberLine]
    login: str = ""
    fault: str = ""
    """Why whoever is called ``login`` was not added."""
    next_url: str | None = None
    previous_url: str | None = None


@dataclass(frozen=True, slots=True)
class GroupFields:
    """What is in the fields of a group's form, as it was typed, under the names here."""

    display_name: str = ""
    external_id: str = ""
    description: str = ""
    roles: str = ""
    """One on each line."""


@dataclass(frozen=True, slots=True)
class GroupFormPage:
    """``console/group_form.html``. Posts ``GroupFields`` and ``version``; ``delete_action`` gets
    ``version``."""

    frame: ConsoleFrame
    action: str
    list_url: str
    cancel_url: str
    fields: GroupFields
    name: str = ""
    """Of the group that is changed; empty where it is new."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """By the name of the field."""
    delete_action: str | None = None
    """``None`` where it is new."""
    version: str = ""
    """Which state of the group that is."""
    changed_meanwhile: bool = False
    """Whether somebody else has changed it since: nothing was saved."""
