"""Whether somebody who asks too often, too much or too slowly is held back."""

from collections.abc import Iterator

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.settings import LimitSettings, Settings
from authgate.storage.redis.rate_limits import BadLimit, Limit

LIMITS_OFF = Misconfiguration(
    code="limits-off",
    area=Area.LIMITS,
    wrong="`limits.enabled` is false.",
    why="Passwords, codes and secrets can be guessed as fast as the server answers.",
    cure="Set `limits.enabled = true`.",
    refused=True,
)
INVALID_LIMIT = Misconfiguration(
    code="invalid-limit",
    area=Area.LIMITS,
    wrong="A limit cannot be read.",
    why="The server does not start with it; one of a tenant fails each request that it is for.",
    cure="Write it as `20/min burst 10`.",
)
LOOSE_LIMIT = Misconfiguration(
    code="loose-limit",
    severity=Severity.WARNING,
    area=Area.LIMITS,
    wrong="A limit lets through more than 20 times what it does by default.",
    why="It holds back nobody who guesses.",
    cure="Take it out of the settings, or set it closer to its default.",
)
LIMITS_NOT_SHARED = Misconfiguration(
    code="limits-not-shared",
    severity=Severity.WARNING,
    area=Area.LIMITS,
    wrong="Several processes or machines serve without Redis.",
    why="Each counts for itself: on several machines everybody may do several times what the limits"
    " say.",
    cure="Set `redis_url`.",
)
UNBOUNDED_REQUESTS = Misconfiguration(
    code="unbounded-requests",
    severity=Severity.WARNING,
    area=Area.LIMITS,
    wrong="A body may have more than 1 MiB, take more than a minute, or a statement more than half"
    " of one.",
    why="A few clients that send much, or slowly, fill the memory and take everybody's places.",
    cure="Take `{setting}` out of the settings: no request needs as much.",
)

_LOOSE = 20
_MOST = {"server.body_limit": 1 << 20, "server.body_seconds": 60, "database.statement_seconds": 30}


def findings(settings: Settings) -> Iterator[Finding]:
    """What the settings tell."""
    if not settings.limits.enabled:
        yield LIMITS_OFF.found("limits.enabled is false")
    names = [name for name in LimitSettings.model_fields if name != "enabled"]
    for name in names:
        yield from of_limit(name, getattr(settings.limits, name), where=f"limits.{name}")
    if settings.server.workers > 1 and settings.redis_url is None:
        yield LIMITS_NOT_SHARED.found(f"{settings.server.workers} processes, no redis_url")
    yield from _requests(settings)


def of_limit(name: str, text: str, *, where: str) -> Iterator[Finding]:
    """What is wrong with the limit of this name."""
    try:
        limit = Limit.parse(text)
    except BadLimit as error:
        yield INVALID_LIMIT.found(f"{where}: {error}")
        return
    usual = Limit.parse(LimitSettings.model_fields[name].default)
    if limit.rate / limit.per > _LOOSE * usual.rate / usual.per or limit.burst > (
        _LOOSE * usual.burst
    ):
        yield LOOSE_LIMIT.found(f"{where} is {limit}, by default {usual}")


def _requests(settings: Settings) -> Iterator[Finding]:
    values = {
        "server.body_limit": settings.server.body_limit,
        "server.body_seconds": settings.server.body_seconds,
        "database.statement_seconds": settings.database.statement_seconds,
    }
    for name, value in values.items():
        if value > _MOST[name]:
            yield UNBOUNDED_REQUESTS.found(f"{name} is {value:g}", setting=name)
