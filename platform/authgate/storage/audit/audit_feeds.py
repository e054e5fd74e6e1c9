"""How far plugins have been told of what has happened: a place for each tenant and plugin.

What is stored in order need not be committed in order: an event of a slow transaction is seen after
younger ones were. So a place is two things: a moment before which all events are known and told,
and those after it that were told already.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from uuid import UUID

from tortoise import connections, fields

from authgate.storage.audit.audit_events import AuditEvent
from authgate_tenants import TenantOwned

LATE: Final = timedelta(minutes=5)
"""Between what the clock of a server says when it makes an event, and the beginning of the
transaction that stores it by the clock of another one, is less than this."""

MOST_AHEAD: Final = 2000
"""So many are told before it is certain that none comes before them. More wait until it is."""

MOST_COUNTED: Final = 1000
"""So many that wait are counted; where there are more, it says this."""

LEASE: Final = timedelta(minutes=1)
"""For so long nobody else tells what somebody has begun to tell."""

_SETTLED = timedelta(seconds=1)
"""What is as young as this waits for those that were made beside it, since most come within it."""

_SOON = timedelta(minutes=1)
"""What is as young as this is on its way to a plugin that takes what it is told."""

_KNOWN = timedelta(seconds=5)
"""After so long every process knows what a tenant has changed."""


class TransactionsUnseen(RuntimeError):
    """PostgreSQL does not say which transactions are open: ``track_activities`` is off."""


class AuditFeedRow(TenantOwned):
    """How far one plugin is."""

    plugin = fields.CharField(40)
    told_until = fields.DatetimeField()
    ahead: dict[str, int] = fields.JSONField(default=dict)
    failures = fields.IntField(default=0)
    slow = fields.BooleanField(default=False)
    waiting_since = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField()

    class Meta:
        table = "audit_feeds"
        unique_together = (("tenant_id", "plugin"), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFeed:
    """How far a plugin is."""

    id: UUID
    plugin: str
    told_until: datetime
    """Every event that happened before this moment was told."""
    ahead: Mapping[str, int]
    """Later ones that were told: by id, when each happened, in microseconds of Unix time."""
    failures: int
    """In a row."""
    slow: bool
    """Whether it took long the last time."""
    waiting_since: datetime | None
    """When the oldest happened that it could not be told of yet, if there is one."""
    next_at: datetime
    """When it is due; while somebody tells it, when that one's lease ends."""
    waiting: int = 0
    """How many wait, where somebody has counted them."""

    @classmethod
    def from_row(cls, row: AuditFeedRow) -> Self:
        """The value of a stored row."""
        return cls(
            id=row.id,
            plugin=row.plugin,
            told_until=row.told_until,
            ahead=row.ahead,
            failures=row.failures,
            slow=row.slow,
            waiting_since=row.waiting_since,
            next_at=row.next_at,
        )

    @property
    def is_full(self) -> bool:
        """Whether no more is told before it is certain that nothing comes before it."""
        return len(self.ahead) >= MOST_AHEAD

    def moved(self, told: Sequence[AuditEvent], *, certain: datetime, all_told: bool) -> Self:
        """The place once these were told. Before ``certain`` nothing comes in between any more;
        ``all_told`` says whether there were no more of them."""
        until = certain if all_told or not told else min(certain, told[-1].occurred_at)
        until = max(until, self.told_until)
        ahead = {**self.ahead, **{str(each.id): _micros(each.occurred_at) for each in told}}
        kept = {each: at for each, at in ahead.items() if at >= _micros(until)}
        moved = replace(self, told_until=until, ahead=kept, failures=0, waiting_since=None)
        if not all_told:
            return replace(moved, waiting_since=told[-1].occurred_at)
        # Younger ones may be there and were not looked at.
        return replace(moved, waiting_since=_moment(max(kept.values()))) if moved.is_full else moved

    def failed(self, untold: Sequence[AuditEvent]) -> Self:
        """The same place, once it could not be told of these."""
        since = self.waiting_since or untold[0].occurred_at
        return replace(self, failures=self.failures + 1, waiting_since=since)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a plugin is to be told next."""

    events: Sequence[AuditEvent]
    """In the order in which they happened."""
    certain: datetime
    """Whatever happened before this is seen by now."""


async def keep(enabled: Collection[str], *, heard: Collection[str], now: datetime) -> None:
    """Forget the places of plugins that are not enabled any more; those of them that want to be
    told are told of what happens from now on, where they were not before."""
    await AuditFeedRow.exclude(plugin__in=list(enabled)).delete()
    known = set(await AuditFeedRow.all().values_list("plugin", flat=True))
    for plugin in sorted(set(enabled) & set(heard) - known):
        await AuditFeedRow.create(plugin=plugin, told_until=now, next_at=now)


async def every(*, now: datetime) -> dict[str, AuditFeed]:
    """How far each plugin is, by its name, and since when something waits for it by now: also where
    nobody has tried to tell it."""
    rows = await AuditFeedRow.all()
    return {row.plugin: await waiting(AuditFeed.from_row(row), now=now) for row in rows}


async def find(plugin: str) -> AuditFeed | None:
    """How far this plugin is; without what waits, which takes as long as there is much of it."""
    row = await AuditFeedRow.get_or_none(plugin=plugin)
    return AuditFeed.from_row(row) if row else None


async def told_of_all() -> datetime | None:
    """Every event that happened before this was told to every plugin; nothing where none is."""
    row = await AuditFeedRow.all().order_by("told_until").first()
    return row.told_until if row else None


async def waiting(feed: AuditFeed, *, now: datetime) -> AuditFeed:
    """The same place, with since when something waits for the plugin by now, and how much."""
    before = now if feed.failures else now - _SOON
    found = await _untold(feed, before=before, limit=MOST_COUNTED)
    return replace(feed, waiting_since=found[0][1] if found else None, waiting=len(found))


async def hurry(plugins: Collection[str], *, now: datetime) -> None:
    """Have these plugins be told as soon as every process knows what the tenant has changed:
    nobody has to wait for the next look at one that was left alone."""
    await AuditFeedRow.filter(plugin__in=list(plugins)).update(next_at=now + _KNOWN)


async def taken(*, now: datetime, slow: bool) -> list[AuditFeed]:
    """The tenant's feeds that are due, which are nobody else's for a while."""
    due = await AuditFeedRow.filter(next_at__lte=now, slow=slow).order_by("next_at")
    found: list[AuditFeed] = []
    for row in due:
        feed = AuditFeed.from_row(row)
        if await _renewed(feed, next_at=now + LEASE):
            found.append(replace(feed, next_at=now + LEASE))
    return found


async def _renewed(feed: AuditFeed, *, next_at: datetime) -> bool:
    mine = AuditFeedRow.filter(id=feed.id, next_at=feed.next_at)
    return await mine.update(next_at=next_at) > 0


async def following(feed: AuditFeed, *, now: datetime, limit: int) -> Batch:
    """The next events that were not told. In a unit of work of its own: what it sees has to be
    what is committed."""
    # Before the events: what is open now and seen below was committed in between.
    certain = min(now, await oldest_transaction(now)) - LATE
    end = certain if feed.is_full else now - _SETTLED
    wanted = [each for each, _ in await _untold(feed, before=end, limit=limit)]
    events = await AuditEvent.filter(id__in=wanted) if wanted else []
    return Batch(sorted(events, key=lambda each: (each.occurred_at, each.id)), certain)


async def _untold(feed: AuditFeed, *, before: datetime, limit: int) -> list[tuple[UUID, datetime]]:
    """The first events that were not told, and when each happened."""
    found = AuditEvent.filter(occurred_at__gte=feed.told_until, occurred_at__lt=before)
    oldest = found.order_by("occurred_at", "id").limit(limit + len(feed.ahead))
    rows: list[tuple[UUID, datetime]] = await oldest.values_list("id", "occurred_at")
    return [(each, at) for each, at in rows if str(each) not in feed.ahead][:limit]


async def oldest_transaction(now: datetime) -> datetime:
    """When the oldest transaction began in which an event may wait to be seen. Raises
    ``TransactionsUnseen``."""
    database = connections.get("default")
    if database.capabilities.dialect == "sqlite":
        return now  # one writes at a time, and whoever reads here has waited for the others
    # Those of the serving role. What appends for many commits by itself, within seconds. One that
    # has written nothing yet has no event either: it stores those that happen from now on, each
    # within seconds, by the limits of the role.
    _, rows = await database.execute_query(
        "SELECT min(xact_start) FILTER (WHERE backend_xid IS NOT NULL) AS begun,"
        " min(xact_start) AS seen FROM pg_stat_activity"
        " WHERE usename = current_user AND datname = current_database()"
    )
    if rows[0]["seen"] is None:  # this one is open
        raise TransactionsUnseen("track_activities is off")
    begun: datetime | None = rows[0]["begun"]
    return begun or now


async def store(feed: AuditFeed, *, next_at: datetime) -> AuditFeed | None:
    """Have the feed be so far, and due then; nothing where it was somebody else's meanwhile."""
    changed = await AuditFeedRow.filter(id=feed.id, next_at=feed.next_at).update(
        told_until=feed.told_until,
        ahead=dict(feed.ahead),
        failures=feed.failures,
        slow=feed.slow,
        waiting_since=feed.waiting_since,
        next_at=next_at,
    )
    return replace(feed, next_at=next_at) if changed else None


def _micros(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
