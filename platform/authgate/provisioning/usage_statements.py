"""A month that is over is stated once for each tenant, signed, for whoever writes bills."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from authgate import storage
from authgate.installation import Installation, key_encryption_keys
from authgate.storage.metering import active_users, usage_days, usage_statements
from authgate.storage.metering.periods import month_of
from authgate.storage.metering.roll_up import roll_up
from authgate.storage.metering.usage_days import USED
from authgate.storage.metering.usage_statements import UsageStatement
from authgate.tokens import usage_statement
from authgate.tokens.signed_statement import BadStatement, StatementKey
from authgate.tokens.usage_statement import USAGE, Correction, Figures, Item
from authgate_tenants import current_tenant, directory

SETTLED: Final = timedelta(days=1)
"""So long after its end a month is stated: what comes later is a correction."""

CORRECTED_MONTHS: Final = 3
"""So many months before it are looked at once more for each statement."""

MOST: Final = 36
"""Statements of which a list tells."""

_AT_ONCE: Final = 12
_PEOPLE = Item("monthly_active_users")
_NOTHING: Final[Mapping[str, Any]] = {"plan": "", "lines": [], "corrections": []}


class Stated(NamedTuple):
    """What a statement says."""

    members: Mapping[str, Any]
    signed_here: bool
    """Whether a key of this installation has signed it."""


def keys(parts: Installation) -> list[StatementKey]:
    """Those that this installation signs statements with, the present one first.

    Raises ``KeyEncryptionKeyError``.
    """
    keks = key_encryption_keys(parts.settings.keys, may_create=False)
    return [StatementKey.of(USAGE, each) for each in keks]


def signers(parts: Installation) -> Collection[str]:
    """The thumbprints of these keys. Raises ``KeyEncryptionKeyError``."""
    return frozenset(each.thumbprint for each in keys(parts))


def read(found: UsageStatement, trusted: Collection[str]) -> Stated:
    """What a statement says, and whether one of these keys has signed it; nothing where it says
    nothing that we could read."""
    try:
        members, signer = usage_statement.said(found.document)
    except BadStatement:
        return Stated(_NOTHING, False)
    return Stated(members, signer in trusted)


async def up_to_date(parts: Installation) -> Sequence[UsageStatement]:
    """The current tenant's, the newest first, with those of the months that are over."""
    # What it takes to add up is committed step by step, and a page is one unit of work.
    async with storage.set_aside():
        await close_months(parts)
    return await usage_statements.newest(limit=MOST)


async def of_month(parts: Installation, month: date, *, make: bool) -> UsageStatement | None:
    """The current tenant's of a month: one that is due is made now, where somebody waits."""
    found = await usage_statements.of_month(month)
    if found is None and make and month <= last_closed(parts.clock()):
        await close_months(parts)
        found = await usage_statements.of_month(month)
    return found


async def close_months(parts: Installation) -> None:
    """Make the statements of the current tenant that are due."""
    now = parts.clock()
    last = last_closed(now)
    month = await _first_open(last)
    for _ in range(_AT_ONCE):
        if month is None or month > last:
            return
        counted = await roll_up(now=now)
        if counted.is_behind or counted.until < end_of(month):
            return  # there was so much that another turn counts the rest
        await _close(parts, month, now)
        month = _following(month)


async def _first_open(last: date) -> date | None:
    """The first month that is to be stated: of a tenant without statements not long ago."""
    newest = await usage_statements.newest(limit=1, until=last)
    if newest:
        return _following(newest[0].month)
    listed = await directory.find(current_tenant().id)
    begun = month_of(listed.created_at) if listed else None
    return max(begun, _long_before(last)) if begun else None


async def _close(parts: Installation, month: date, now: datetime) -> None:
    async with storage.transaction():
        await usage_statements.held_back()
        if await usage_statements.of_month(month):
            return
        stated = await _statement(parts, month, now)
        await usage_statements.add(month, keys(parts)[0].sign(stated), now=now)


async def _statement(parts: Installation, month: date, now: datetime) -> dict[str, Any]:
    tenant = current_tenant()
    return {
        "iss": parts.settings.base_url,
        "jti": str(uuid4()),
        "iat": int(now.timestamp()),
        "tenant": {"id": str(tenant.id), "slug": tenant.slug},
        "plan": tenant.plan.name,
        "month": _name(month),
        "lines": usage_statement.lines(await _counted(month)),
        "corrections": usage_statement.corrections(await _corrections(parts, month)),
    }


async def _counted(month: date) -> Figures:
    """What a month comes to, by what is known now."""
    last = _following(month) - timedelta(days=1)
    sums: Counter[Item] = Counter()
    for measure, counts in (await usage_days.of_each(USED, since=month, to=last)).items():
        for each in counts:
            sums[Item(measure.value, each.detail)] += each.total
    sums[_PEOPLE] = await active_users.count_of(month)
    return sums


async def _corrections(parts: Installation, month: date) -> list[Correction]:
    since, trusted = _long_before(month), signers(parts)
    until = _before(month)
    kept = await usage_statements.newest(limit=CORRECTED_MONTHS, since=since, until=until)
    # What another installation has stated is not ours to correct.
    ours = {
        each.month: stated.members
        for each in reversed(kept)
        if (stated := read(each, trusted)).signed_here
    }
    found: list[Correction] = []
    for each in ours:
        before = usage_statement.stated_of(_name(each), list(ours.values()))
        found += usage_statement.differences(_name(each), before, await _counted(each))
    return found


def last_closed(now: datetime) -> date:
    """The newest month that is settled."""
    return _before(month_of(now - SETTLED))


def end_of(month: date) -> datetime:
    """The first moment of the next one."""
    return datetime.combine(_following(month), time(), UTC)


def _long_before(month: date) -> date:
    for _ in range(CORRECTED_MONTHS):
        month = _before(month)
    return month


def _following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def _name(month: date) -> str:
    return f"{month:%Y-%m}"
