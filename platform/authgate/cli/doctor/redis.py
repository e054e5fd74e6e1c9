"""Redis: that it answers, keeps what it is given, and who could listen."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

from authgate.cli.doctor.database import clock
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.diagnosis.network import is_local
from authgate.settings import Settings
from authgate.storage.redis.connection import RedisUnavailable
from authgate.storage.redis.state import ask

REDIS_AWAY = Misconfiguration(
    code="redis-away",
    area=Area.REDIS,
    wrong="Redis cannot be reached, or refuses the login.",
    why="Each process counts limits for itself, and no job is sent.",
    cure="Start it, or correct `{setting}`.",
)
REDIS_IN_THE_CLEAR = Misconfiguration(
    code="redis-in-the-clear",
    severity=Severity.WARNING,
    area=Area.REDIS,
    wrong="Redis is on another machine, and the line to it is not encrypted.",
    why="Whoever is on the way reads its password, and decides what limits count.",
    cure="Switch TLS on at the server, and begin `{setting}` with `rediss://`.",
)
REDIS_ASKS_NOBODY = Misconfiguration(
    code="redis-asks-nobody",
    area=Area.REDIS,
    wrong="Redis is on another machine, and asks for no password.",
    why="Whoever reaches it can take limits away, and throw jobs out.",
    cure="Set `requirepass` at the server, and put the password into `{setting}`.",
)
REDIS_EVICTS = Misconfiguration(
    code="redis-evicts",
    severity=Severity.WARNING,
    area=Area.REDIS,
    wrong="Redis throws keys out when its memory is full.",
    why="A flood of requests makes it forget how often somebody has guessed, and jobs that wait.",
    cure="Set `maxmemory-policy noeviction` at the server.",
)
REDIS_REPLICA = Misconfiguration(
    code="redis-replica",
    area=Area.REDIS,
    wrong="The Redis that is named is a replica.",
    why="Nothing can be written to it: limits, invalidations and jobs fail.",
    cure="Name the primary in `{setting}`.",
)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """What is wrong with each Redis that is named, or that nothing is."""
    named = {"redis_url": settings.redis_url, "jobs.broker_url": settings.jobs.broker_url}
    urls = {url.get_secret_value(): setting for setting, url in named.items() if url}
    # Whether another broker answers is known by what workers do.
    urls = {url: setting for url, setting in urls.items() if not url.startswith("amqp")}
    if not urls:
        yield well(Area.REDIS, "not used: limits and caches are in memory")
    for url, setting in urls.items():
        try:
            state = await ask(url)
        except (RedisUnavailable, ValueError) as error:
            yield REDIS_AWAY.found(f"{setting}: {error}".removesuffix("."), setting=setting)
            continue
        found = [*_line(url, setting)]
        if state.evicting_by:
            found.append(REDIS_EVICTS.found(f"maxmemory-policy is {state.evicting_by}"))
        if state.is_replica:
            found.append(REDIS_REPLICA.found(f"{setting} leads to a replica", setting=setting))
        for finding in found or [well(Area.REDIS, f"{setting} answers")]:
            yield finding
        yield clock("the clock of Redis", state.ahead)


def _line(url: str, setting: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    if is_local(url):
        return
    if parts.scheme == "redis":
        yield REDIS_IN_THE_CLEAR.found(f"{setting} begins with redis://", setting=setting)
    if not parts.password:
        yield REDIS_ASKS_NOBODY.found(f"{setting} has no password", setting=setting)
