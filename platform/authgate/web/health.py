"""``/livez``, ``/readyz``, ``/startupz``, ``/health`` and ``/metrics``: for whoever operates us.

Alive means that the process answers; ready, that a request sent here now would be served. What is
told is for everybody: which part fails, never how. The log knows more.
"""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog
from pydantic import SecretStr

from authgate.settings import DatabaseSettings
from authgate.storage import is_outage, migrate
from authgate.storage.ping import ping
from authgate.storage.redis.connection import RedisConnection, RedisUnavailable
from authgate.telemetry import metrics
from authgate.telemetry.exposition import exposition
from authgate.web.client_ip import is_from_here
from authgate.web.machine import NO_STORE, Handler, Headers, MachineRequest, Reply

Check = Callable[[], Awaitable[str]]
"""Answers what is wrong in one word, or nothing where all is well."""

OK = "ok"

CHECK_SECONDS = 2.0
"""A part that takes longer to answer is away."""

_FRESH_SECONDS = 1.0  # whoever asks more often hears the same again and costs nothing
_COME_BACK: Headers = ((b"retry-after", b"%d" % _FRESH_SECONDS),)
"""With every 503 (RFC 9110 section 15.6.4): before that nobody would hear anything new."""

_log = structlog.get_logger(__name__)


class Readiness:
    """Whether this process can serve, found out at most once a second."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        draining: Callable[[], bool],
        dispensable: Collection[str] = (),
    ) -> None:
        self._checks = checks
        self._dispensable = frozenset(dispensable)
        self._draining = draining
        self._asking = asyncio.Lock()
        self._found: dict[str, str] = {}
        self._found_at = -_FRESH_SECONDS
        self._has_started = False

    def is_well(self, verdicts: Mapping[str, str]) -> bool:
        """Whether all goes well that a request cannot do without."""
        return all(
            verdict == OK for part, verdict in verdicts.items() if part not in self._dispensable
        )

    @property
    def has_started(self) -> bool:
        """Whether every part has answered well once."""
        return self._has_started

    async def verdicts(self) -> dict[str, str]:
        """What each part says: ``ok``, or what is wrong."""
        async with self._asking:
            if time.monotonic() - self._found_at >= _FRESH_SECONDS:
                await self._ask()
        return self._found | ({"draining": "draining"} if self._draining() else {})

    async def _ask(self) -> None:
        answers = await asyncio.gather(*(_answer(check) for check in self._checks.values()))
        before = self._found
        self._found = {
            name: verdict for name, (verdict, _) in zip(self._checks, answers, strict=True)
        }
        self._found_at = time.monotonic()
        for name, verdict in self._found.items():
            metrics.check_ok.set(verdict == OK, name)
        well = self.is_well(self._found)
        self._has_started = self._has_started or well
        if self._found != (before or dict.fromkeys(self._checks, OK)):
            errors = [error for _, error in answers if error]
            (_log.info if well else _log.warning)("readiness changed", **self._found, errors=errors)


async def verdict(check: Check) -> str:
    """What a part says of itself: ``ok``, or what is wrong in one word."""
    return (await _answer(check))[0]


async def _answer(check: Check) -> tuple[str, str]:
    """What to tell everybody, and what to tell the log."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check() or OK, ""
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not work
        return "unreachable" if is_outage(error) else "failing", repr(error)


async def database_answers() -> str:
    """The open database does what it is asked."""
    await ping()
    return ""


def migrations_applied(settings: DatabaseSettings) -> Check:
    """The open database has the shape that this version needs."""
    is_current = False

    async def check() -> str:
        nonlocal is_current
        # Asked until it is so: nobody takes migrations back under a running server.
        is_current = is_current or not await migrate.pending(settings)
        return "" if is_current else "pending"

    return check


def redis_answers(redis: RedisConnection) -> Check:
    """Redis does what it is asked."""

    async def check() -> str:
        try:
            await redis.call("PING")
        except RedisUnavailable:
            return "unreachable"
        return ""

    return check


def checks(settings: DatabaseSettings, redis: RedisConnection | None) -> dict[str, Check]:
    """Of every part that an installation has."""
    found: dict[str, Check] = {
        "database": database_answers,
        "migrations": migrations_applied(settings),
    }
    return found if redis is None else {**found, "redis": redis_answers(redis)}


class Health:
    """The endpoints, whose paths are the same for every tenant.

    One of the checks is to be called ``database``.
    """

    def __init__(
        self,
        readiness: Readiness,
        *,
        metrics_token: SecretStr | None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._readiness = readiness
        self._metrics_token = metrics_token
        self._look = look

    def endpoints(self) -> dict[str, Handler]:
        """What answers, by its path."""
        return {
            "/livez": self.live,
            "/readyz": self.ready,
            "/startupz": self.started,
            "/health": self.health,
            "/metrics": self.measurements,
        }

    async def live(self, _request: MachineRequest) -> Reply:
        """The process answers; nothing else is looked at."""
        return Reply.json(200, {"status": OK})

    async def ready(self, _request: MachineRequest) -> Reply:
        """A request sent here now would be served."""
        verdicts = await self._readiness.verdicts()
        well = self._readiness.is_well(verdicts)
        status = "ready" if well else "unready"
        return _told({"status": status, "checks": verdicts}, well=well)

    async def started(self, _request: MachineRequest) -> Reply:
        """It has been ready once."""
        if not self._readiness.has_started:
            await self._readiness.verdicts()
        well = self._readiness.has_started
        return _told({"status": "started" if well else "starting"}, well=well)

    async def health(self, _request: MachineRequest) -> Reply:
        """The database answers: in the words that AuthGate has always used."""
        if (await self._readiness.verdicts())["database"] == OK:
            return _told({"status": "healthy", "database": "connected"}, well=True)
        return _told({"status": "unhealthy", "database": "disconnected"}, well=False)

    async def measurements(self, request: MachineRequest) -> Reply:
        """Everything measured, for whoever has the token; without one, for this machine."""
        refusal = refusal_of(request, self._metrics_token)
        if refusal is not None:
            return refusal
        await self._readiness.verdicts()  # which are among the measurements
        self._look()
        return exposed()


def _told(content: Mapping[str, object], *, well: bool) -> Reply:
    return Reply.json(200, content) if well else Reply.json(503, content, NO_STORE + _COME_BACK)


def exposed() -> Reply:
    """Everything measured."""
    content_type, text = exposition()
    return Reply(200, text, ((b"content-type", content_type.encode()), *NO_STORE))


def refusal_of(request: MachineRequest, token: SecretStr | None) -> Reply | None:
    """The refusal for whoever may not see measurements: without the token, or from elsewhere."""
    if token is not None:
        given = (request.header(b"authorization") or "").encode("utf-8", "surrogateescape")
        wanted = f"Bearer {token.get_secret_value()}".encode()
        return None if hmac.compare_digest(given, wanted) else _unauthorized()
    names = [name.decode("latin-1") for name, _ in request.headers]
    return None if is_from_here(request.client_ip, names) else _not_found()


def _unauthorized() -> Reply:
    body = {"error": "unauthorized", "message": "A bearer token for metrics is needed."}
    challenge = (b"www-authenticate", b'Bearer realm="Metrics"')
    return Reply.json(401, body, (challenge, *NO_STORE))


def _not_found() -> Reply:
    return Reply.json(404, {"error": "not_found", "message": "There is nothing here."})
