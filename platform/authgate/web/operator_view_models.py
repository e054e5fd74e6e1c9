"""What the operators' pages show, one value for each template: as in ``view_models``.

Every value has the ``frame`` that is around it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from authgate.permissions import UserRole
from authgate.web.console_view_models import ConsoleFrame, FilterLink
from authgate.web.team_view_models import AccessLine
from authgate.web.usage_view_models import Figure, UsageChart
from authgate_tenants import TenantStatus


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job that is done beside the requests."""

    kind: str
    last_done_at: datetime | None
    tenants_due: int | None
    """For how many tenants it has something to do; ``None`` where nobody can say."""


@dataclass(frozen=True, slots=True)
class DeletionLine:
    """The end of a tenant."""

    url: str
    """Of the tenant; empty where it is gone."""
    slug: str
    state: str
    requested_at: datetime
    due_at: datetime
    ended_at: datetime | None
    certificate: str = ""
    """What states that it is gone; empty before."""


@dataclass(frozen=True, slots=True)
class NotableTenant:
    """A tenant that has done much on a day, or where much has failed."""

    url: str
    name: str
    total: int
    """Tokens and sign-ins, or what has failed."""
    attempts: int = 0
    """Of so many, where it has failed."""


@dataclass(frozen=True, slots=True)
class AllTenants:
    """What all tenants together come to, on whole days up to yesterday."""

    spans: Sequence[FilterLink]
    """How much of the past may be shown."""
    counted_at: datetime | None
    """``None`` where nothing was added up yet."""
    figures: Sequence[Figure]
    charts: Mapping[str, UsageChart]
    """By what they are of: those of which there is something to draw."""
    states: Sequence[tuple[TenantStatus, int, str]]
    """How many tenants there are of each status, and where they are listed."""
    day: date | None
    """The last one that is over, as far as it is added up."""
    behind: int = 0
    """Of so many tenants not all of that day is."""
    busiest: Sequence[NotableTenant] = ()
    """On that day."""
    failing: Sequence[NotableTenant] = ()


@dataclass(frozen=True, slots=True)
class OperatorOverviewPage:
    """``operator/overview.html``."""

    frame: ConsoleFrame
    all: AllTenants | None
    """Nothing for whoever may not see tenants."""
    version: str
    parts: Mapping[str, str]
    """What each part says of itself, by its name."""
    jobs: Sequence[JobLine]
    jobs_waiting: int
    jobs_queued: int | None
    """``None`` where there is no broker."""
    counted: int
    """So many tenants are counted where something is due; there may be more."""
    live_url: str = ""
    """Where news come from."""

    @property
    def well(self) -> bool:
        """Whether every part is."""
        return all(verdict == "ok" for verdict in self.parts.values())


@dataclass(frozen=True, slots=True)
class TenantLine:
    """A tenant in a list."""

    url: str
    slug: str
    name: str
    status: TenantStatus
    plan: str
    issuer: str
    created_at: datetime
    health: "HealthLine | None" = None
    """``None`` where it is being erased."""


@dataclass(frozen=True, slots=True)
class HealthLine:
    """How a tenant is, by the last seven days."""

    error_share: float
    """Of a hundred attempts to sign in or to get a token so many failed."""
    failures: int
    refusals: int
    """By limits."""
    last_sign_in: date | None
    oldest_key: datetime | None
    hosts: int
    unproven_hosts: int
    failed_mails: int
    key_is_old: bool

    @property
    def fails_often(self) -> bool:
        """Whether it is more than people who mistype."""
        return self.failures > _SOME_FAILURES and self.error_share > _MUCH

    @property
    def is_well(self) -> bool:
        """Whether nobody has to look."""
        bad = self.fails_often or self.unproven_hosts or self.failed_mails or self.key_is_old
        return not bad


_SOME_FAILURES, _MUCH = 20, 20.0


@dataclass(frozen=True, slots=True)
class TenantsPage:
    """``operator/tenants.html``. The form ``action`` is sent by GET with ``search``, ``by`` and
    what ``kept`` holds."""

    frame: ConsoleFrame
    action: str
    new_url: str
    clear_url: str
    tenants: Sequence[TenantLine]
    search: str
    by: str
    """``slug``, ``name`` or ``host``: what is looked for by."""
    kept: Mapping[str, str]
    statuses: Sequence[FilterLink]
    next_url: str | None = None
    previous_url: str | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether not all are looked for."""
        return bool(self.search or any(each.current for each in self.statuses[1:]))


@dataclass(frozen=True, slots=True)
class NewTenantFields:
    """What is in the fields of the form for a new tenant, as it was typed."""

    slug: str = ""
    name: str = ""
    username: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class NewTenantPage:
    """``operator/tenant_new.html``. Posts ``NewTenantFields``."""

    frame: ConsoleFrame
    action: str
    cancel_url: str
    fields: NewTenantFields = NewTenantFields()
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreatedTenantPage:
    """``operator/tenant_created.html``: what its owner begins with, this once."""

    frame: ConsoleFrame
    name: str
    issuer: str
    username: str
    password: str
    url: str


@dataclass(frozen=True, slots=True)
class OperatedTenantPage:
    """``operator/tenant.html``. ``rename_action`` gets ``name``."""

    frame: ConsoleFrame
    id: str
    slug: str
    name: str
    status: TenantStatus
    issuer: str
    hosts: Sequence[str]
    created_at: datetime
    updated_at: datetime
    plan: str
    plans: Sequence[str]
    """Those that it could have."""
    plan_action: str
    """Gets ``plan``."""
    health: HealthLine
    figures: Sequence[Figure]
    """What it has used within thirty days."""
    charts: Mapping[str, UsageChart]
    counted_until: datetime
    own: bool
    """Whether it is the operators' own, which is neither suspended nor deleted here."""
    rename_action: str
    suspend_url: str
    resume_action: str
    delete_url: str
    restore_action: str
    access_url: str = ""
    """Empty where nobody comes in: it is the operators' own."""
    deletion: DeletionLine | None = None
    """The newest, where there was one."""
    fault: str = ""
    """Why something was not done."""


@dataclass(frozen=True, slots=True)
class TenantConfirmPage:
    """``operator/tenant_confirm.html``. Posts ``slug``, as it is typed."""

    frame: ConsoleFrame
    slug: str
    name: str
    deletes: bool
    """Or else suspends."""
    action: str
    cancel_url: str
    days: int
    """For so many it can be restored."""
    mistyped: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class DeletionsPage:
    """``operator/deletions.html``."""

    frame: ConsoleFrame
    deletions: Sequence[DeletionLine]
    next_url: str | None = None
    previous_url: str | None = None


@dataclass(frozen=True, slots=True)
class AskedFields:
    """What is in the fields of the form that asks a tenant for access, as it was typed."""

    role: UserRole = UserRole.AUDITOR
    reason: str = ""
    hours: int = 1
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class TenantAccessPage:
    """``operator/tenant_access.html``. Posts ``AskedFields``."""

    frame: ConsoleFrame
    name: str
    tenant_url: str
    action: str
    announced: bool
    """Whether nobody there has to approve."""
    served: bool
    """Whether anybody can come in at all."""
    accesses: Sequence[AccessLine]
    roles: Sequence[UserRole]
    hours: Sequence[int]
    fields: AskedFields = AskedFields()
    faults: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    """Why nothing was asked for."""


@dataclass(frozen=True, slots=True)
class TenantEntryPage:
    """``operator/tenant_entry.html``: the way into a tenant, once and within a minute."""

    frame: ConsoleFrame
    name: str
    tenant_url: str
    back_url: str
    entry_url: str


@dataclass(frozen=True, slots=True)
class AnnouncementLine:
    """What administrators are told, as operators see it."""

    text: str
    urgent: bool
    begins_at: datetime
    ends_at: datetime
    shown: bool
    """Or else it will be."""
    end_action: str


@dataclass(frozen=True, slots=True)
class AnnouncementFields:
    """What is in the fields of the form for a new one, as it was typed."""

    text: str = ""
    hours: int = 24
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class AnnouncementsPage:
    """``operator/announcements.html``. Posts ``AnnouncementFields``."""

    frame: ConsoleFrame
    action: str
    announcements: Sequence[AnnouncementLine]
    hours: Sequence[int]
    fields: AnnouncementFields = AnnouncementFields()
    faults: Mapping[str, str] = field(default_factory=dict)
