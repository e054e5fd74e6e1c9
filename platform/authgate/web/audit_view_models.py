"""What the console shows of the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from authgate.vocabulary import Severity
from authgate.web.console_view_models import ConsoleFrame, FilterLink
from authgate.web.usage_view_models import UsageChart


@dataclass(frozen=True, slots=True)
class AuditLink:
    """Something of an event, with the list of whatever has the same."""

    text: str
    url: str = ""
    """Empty where there is nothing to look for."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An event in a list."""

    url: str
    type: AuditLink
    severity: Severity
    success: bool
    at: datetime
    actor: AuditLink
    actor_type: str
    about: AuditLink
    about_type: str
    ip: AuditLink
    client: AuditLink


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a link of the list has added to what is looked for."""

    name: str
    """Such as ``actor``."""
    value: str
    without_url: str


@dataclass(frozen=True, slots=True)
class SavedSearchLink:
    """A search that has a name."""

    name: str
    url: str
    is_shared: bool
    is_current: bool = False
    """Whether it is what is shown."""
    is_outdated: bool = False
    """Whether it says something that is not known any more, and is left out."""
    delete_action: str = ""
    """Empty where it is somebody else's."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """``console/audit.html``. The form ``action`` is sent by GET with ``search``, ``user``, ``ip``,
    ``since``, ``to`` and what ``kept`` holds."""

    frame: ConsoleFrame
    action: str
    clear_url: str
    events: Sequence[AuditLine]
    search: str
    user: str
    ip: str
    since: date | None
    to: date | None
    kept: Mapping[str, str]
    severities: Sequence[FilterLink]
    areas: Sequence[FilterLink]
    results: Sequence[FilterLink]
    narrowings: Sequence[Narrowing]
    sizes: Sequence[FilterLink]
    unknown_user: bool = False
    """Whether nobody has the name that is looked for."""
    bad_ip: bool = False
    """Whether what was typed is no address."""
    looked_to: datetime | None = None
    """Where the look ended though there is room on the page."""
    next_url: str | None = None
    previous_url: str | None = None
    live_url: str = ""
    """Where news come from, where the newest events are shown."""
    again_url: str = ""
    """To look again, where no news come or nobody listens any more."""
    verification_url: str = ""
    verified_until: int = 0
    """The last place that was looked at when the log was checked last."""
    verified_at: datetime | None = None
    fault_count: int = 0
    saved: Sequence[SavedSearchLink] = ()
    save_action: str = ""
    """Where a search gets a name: ``name``, ``list``, and ``shared`` where ``may_share``. Empty
    for who saves none."""
    list: str = ""
    """What is looked for, as it is sent along."""
    may_share: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether not all are looked for."""
        typed = self.search or self.user or self.ip or self.since or self.to
        return bool(typed or self.kept.keys() - {"limit"})


@dataclass(frozen=True, slots=True)
class AuditFaultLine:
    """Something that is wrong with the log."""

    kind: str
    places: str
    url: str
    """The page of the event; empty where it is gone."""
    event_id: str
    found: str


@dataclass(frozen=True, slots=True)
class AuditVerificationPage:
    """``console/audit_verification.html``. A POST to ``action`` has the log be checked."""

    frame: ConsoleFrame
    action: str
    requested_by: str = ""
    """Empty where nobody has asked for it yet."""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    percent: int = 0
    until: int = 0
    events: int = 0
    waiting: int = 0
    erased: int = 0
    removed: int = 0
    signed_by: str = ""
    fault_count: int = 0
    faults: Sequence[AuditFaultLine] = ()
    live_url: str = ""

    @property
    def is_under_way(self) -> bool:
        """Whether it is being checked."""
        return self.began_at is not None and self.ended_at is None


@dataclass(frozen=True, slots=True)
class AuditChange:
    """What became different."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AuditDetail:
    """Something else that the event says."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class AuditEventPage:
    """``console/audit_event.html``."""

    frame: ConsoleFrame
    list_url: str
    event: AuditLine
    id: str
    meaning: str
    """What events of this type say, in English as the documentation has it."""
    user_agent: str
    request: AuditLink
    session: AuditLink
    changes: Sequence[AuditChange]
    details: Sequence[AuditDetail]
    actor_url: str = ""
    """The page of who did it; empty where they have none, or it is not shown."""
    about_url: str = ""
    client_url: str = ""
    respond_url: str = ""
    """Where it is said what can be done at once about whom it is about."""
    beside: Sequence[AuditLine] = ()
    """What else happened in the same request."""


@dataclass(frozen=True, slots=True)
class AuditCount:
    """How many events there were of something, with the list of them."""

    what: AuditLink
    total: int
    failures: AuditLink = AuditLink("")
    failed: int = 0
    """So many of them, where it is told."""


@dataclass(frozen=True, slots=True)
class AuditStatisticsPage:
    """``console/audit_statistics.html``."""

    frame: ConsoleFrame
    spans: Sequence[FilterLink]
    """How much of the past may be shown."""
    figures: Sequence[AuditCount]
    """``all``, ``failed``, and by severity."""
    chart: UsageChart | None
    """``None`` where nothing has happened."""
    types: Sequence[AuditCount]
    addresses: Sequence[AuditCount]
    """Where the most has failed from."""
    actors: Sequence[AuditCount]
    """By whom."""
    counted_since: datetime | None
    """Where there is more than is counted: whatever was before this is not."""
