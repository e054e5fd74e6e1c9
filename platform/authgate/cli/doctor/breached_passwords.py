"""The server that knows stolen passwords, for the tenants that want it asked."""

from collections.abc import AsyncIterator, Sequence

from authgate.accounts.breaches import Breaches
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.installation import Installation
from authgate_tenants import Tenant

BREACHES_NOWHERE = Misconfiguration(
    code="breached-passwords-nowhere",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="A tenant has `breached_password_check` on, and `egress.breached_passwords_url` is"
    " empty.",
    why="Nobody is asked: people choose passwords that were stolen.",
    cure="Set `egress.breached_passwords_url`, or have the tenant turn it off.",
)
BREACHES_UNANSWERED = Misconfiguration(
    code="breached-passwords-unanswered",
    severity=Severity.WARNING,
    area=Area.TENANTS,
    wrong="Nobody answers at `egress.breached_passwords_url` whether a password was stolen.",
    why="Each choice of a password waits two seconds, and is taken unchecked.",
    cure="Let this machine reach that address, name a copy of the list, or have tenants turn"
    " `breached_password_check` off.",
)


async def findings(parts: Installation, tenants: Sequence[Tenant]) -> AsyncIterator[Finding]:
    """Whether it answers, where any of these tenants wants it asked."""
    wanting = [each.slug for each in tenants if each.settings.breached_password_check]
    url = parts.settings.egress.breached_passwords_url
    if not wanting:
        return
    if not url:
        yield BREACHES_NOWHERE.found(f"{wanting[0]} wants it", tenant=wanting[0])
    elif not await Breaches(parts.outside, url=url).answers():
        yield BREACHES_UNANSWERED.found(url)
    else:
        yield well(Area.TENANTS, "stolen passwords: the server that knows them answers")
