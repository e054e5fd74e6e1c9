"""How the current tenant is, by what is added up already and by few rows, each by an index."""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from authgate.storage.keys.signing_keys import KeyState, SigningKey
from authgate.storage.mail.mails import Mail
from authgate.storage.metering import roll_up, usage_days
from authgate.storage.metering.periods import today
from authgate.storage.metering.usage_days import Measure
from authgate.storage.unit_of_work import transaction
from authgate.vocabulary import MailStatus
from authgate_tenants.models import DomainClaim

DAYS: Final = 7
"""Of which failures are told, up to today."""

MOST_MAILS: Final = 100
"""Mails of which it is told that they failed."""

_COUNTED = (Measure.TOKENS, Measure.SIGN_INS, Measure.FAILURES, Measure.REFUSALS)


class Health(NamedTuple):
    """How a tenant is."""

    counted_until: datetime
    successes: int
    """Tokens and sign-ins, within some days."""
    failures: int
    """Of people who signed in and of clients that said who they were."""
    refusals: int
    """By limits, as the log has them."""
    last_sign_in: date | None
    oldest_key: datetime | None
    """Since when the key signs that has signed longest."""
    hosts: int
    unproven_hosts: int
    """Whose proof is missing."""
    failed_mails: int

    @property
    def error_share(self) -> float:
        """Of a hundred attempts so many failed."""
        attempts = self.successes + self.failures
        return round(100 * self.failures / attempts, 1) if attempts else 0.0


async def read(now: datetime) -> Health:
    """Of the current tenant."""
    last = today(now)
    async with transaction():
        used = await roll_up.added_up(_COUNTED, since=last - timedelta(days=DAYS - 1), to=last)
        hosts = await DomainClaim.all().only("id", "missing_since")
        sums = {
            measure: sum(each.total for each in used.of(measure).counts) for measure in _COUNTED
        }
        return Health(
            counted_until=used.until,
            successes=sums[Measure.TOKENS] + sums[Measure.SIGN_INS],
            failures=sums[Measure.FAILURES],
            refusals=sums[Measure.REFUSALS],
            last_sign_in=await usage_days.last_day(Measure.SIGN_INS),
            oldest_key=await _oldest_key(),
            hosts=len(hosts),
            unproven_hosts=sum(each.missing_since is not None for each in hosts),
            failed_mails=len(
                await Mail.filter(status=MailStatus.FAILED).limit(MOST_MAILS).only("id")
            ),
        )


async def _oldest_key() -> datetime | None:
    keys = SigningKey.filter(state=KeyState.ACTIVE).order_by("activated_at")
    found = await keys.only("id", "activated_at").first()
    return found.activated_at if found else None
