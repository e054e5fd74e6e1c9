"""What the console's pages about people show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.permissions import UserRole
from authgate.web.console_view_models import ConsoleFrame, FilterLink, SortLink
from authgate.web.impersonation_view_models import ImpersonationLine
from authgate.web.second_factor_view_models import PasskeyLine, RememberedLine
from authgate.web.view_models import SessionLine


@dataclass(frozen=True, slots=True)
class UserLine:
    """A person in a list."""

    url: str
    username: str
    name: str
    email: str
    role: UserRole
    disabled: bool
    guest: bool
    """Whether it is an operator of the installation, who is here for a while."""
    has_password: bool
    created_at: datetime
    field: str = ""
    """The name of the field that selects them; empty where nothing can be done to them so."""


@dataclass(frozen=True, slots=True)
class UsersPage:
    """``console/users.html``. The form ``action`` is sent by GET with ``search`` and what ``kept``
    holds."""

    frame: ConsoleFrame
    action: str
    new_url: str
    import_url: str
    erasures_url: str
    selection_action: str
    """Gets ``act``, ``list`` and the fields of the lines."""
    list: str
    """What is looked for, and from where, for the selection to come back to."""
    users: Sequence[UserLine]
    total: int
    """Of all people, whatever is looked for."""
    search: str
    kept: Mapping[str, str]
    statuses: Sequence[FilterLink]
    roles: Sequence[FilterLink]
    ways_in: Sequence[FilterLink]
    sizes: Sequence[FilterLink]
    by_name: SortLink
    by_age: SortLink
    next_url: str | None = None
    previous_url: str | None = None


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """Whom a person is at another provider."""

    action: str
    """Posted, they are so no more; empty where whoever looks may not."""
    connection: str
    username: str
    subject: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class GrantedLine:
    """All that an application may do in a person's name."""

    client_id: str
    client_name: str
    url: str
    scopes: Sequence[str]
    since: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class GroupLink:
    """A group that a person belongs to."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that a person did, or that was done to them."""

    event: str
    success: bool
    actor: str
    ip: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonFactors:
    """What a person shows besides their first factor."""

    required: bool
    due_at: datetime | None
    """Until when they are let in without one, where they were told a date."""
    app_since: datetime | None
    app_used_at: datetime | None
    passkeys: Sequence[PasskeyLine]
    recovery_codes: int
    devices: Sequence[RememberedLine]
    """Where they are asked for none."""
    reset_url: str = ""
    """Where all of them are taken away; empty where there are none, or whoever looks may not."""

    @property
    def has_any(self) -> bool:
        """Whether they can show one."""
        return self.app_since is not None or bool(self.passkeys)


@dataclass(frozen=True, slots=True)
class PersonPage:
    """``console/user.html``. Each of the actions is empty where it is not for whoever looks."""

    frame: ConsoleFrame
    list_url: str
    here: str
    line: UserLine
    id: str
    email_verified: bool
    updated_at: datetime
    guest_until: datetime | None
    own: bool
    """Whether it is who looks."""
    beyond: bool
    """Whether they may more than who looks."""
    changes: bool
    """Whether whoever looks may change them."""
    role_url: str
    tokens_url: str
    tokens: int
    """Access tokens that work, as far as they are counted."""
    more_tokens: bool
    sessions: Sequence[SessionLine] = ()
    factors: PersonFactors | None = None
    """``None`` for a guest, who has nothing here, and where the tenant knows none."""
    applications: Sequence[GrantedLine] | None = None
    """``None`` where whoever looks may not see them."""
    takes_back: bool = False
    identities: Sequence[IdentityLine] = ()
    groups: Sequence[GroupLink] | None = None
    events: Sequence[EventLine] | None = None
    events_url: str = ""
    """All of them."""
    impersonations: Sequence[ImpersonationLine] = ()
    """Those who ask to act for them, or do so."""
    ask_action: str = ""
    """Asks to do so; gets ``reason``. Empty where that is not for whoever looks."""
    fault: str = ""
    """Why something was not done."""


@dataclass(frozen=True, slots=True)
class PersonFields:
    """What is in the fields of a person's form, as it was typed."""

    username: str = ""
    name: str = ""
    email: str = ""
    email_verified: bool = False
    role: str = UserRole.USER
    make_password: bool = True


@dataclass(frozen=True, slots=True)
class PersonFormPage:
    """``console/user_form.html``. Posts ``PersonFields`` and ``version``."""

    frame: ConsoleFrame
    action: str
    list_url: str
    cancel_url: str
    fields: PersonFields
    title: str = ""
    """Who it is; empty for somebody new."""
    roles: Sequence[UserRole] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    changed_meanwhile: bool = False


@dataclass(frozen=True, slots=True)
class ErasureLine:
    """Somebody who was erased."""

    user_id: str
    state: str
    requested_at: datetime
    rows: int
    events: int
    certificate_url: str
    """Empty where there is none yet."""


@dataclass(frozen=True, slots=True)
class ErasuresPage:
    """``console/user_erasures.html``."""

    frame: ConsoleFrame
    list_url: str
    erasures: Sequence[ErasureLine]
    key: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class PersonDeletePage:
    """``console/user_delete.html``. Posts ``username``, as it is typed, and ``erase``."""

    frame: ConsoleFrame
    list_url: str
    action: str
    cancel_url: str
    username: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PersonPasswordPage:
    """``console/user_password.html``: a password that was made up, this once."""

    frame: ConsoleFrame
    list_url: str
    person_url: str
    username: str
    password: str | None
    """``None`` where it was shown before."""


@dataclass(frozen=True, slots=True)
class FactorResetPage:
    """``console/user_factors.html``: asks whether it is meant. Posts ``sure=1``."""

    frame: ConsoleFrame
    list_url: str
    person_url: str
    action: str
    username: str
    factors: PersonFactors
    told_at: str
    """The address that a mail goes to; empty where the person has proven none."""
    fault: str = ""
