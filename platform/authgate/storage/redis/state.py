"""What Redis tells of itself, for the doctor."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from authgate.storage.redis.connection import RedisConnection, RedisRefused

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RedisState:
    """What there is to know; what a role may not ask for stays as if all were well."""

    evicting_by: str = ""
    """The policy by which keys are thrown out before their time, where there is one."""

    is_replica: bool = False
    ahead: timedelta = timedelta(0)
    """How far its clock is before ours."""


async def ask(url: str) -> RedisState:
    """Ask the Redis of this URL. Raises ``RedisUnavailable`` and ``ValueError``."""
    async with RedisConnection(url, time_limit=_SECONDS) as redis:
        await redis.call("PING")
        told: dict[str, str] = {}
        with suppress(RedisRefused):
            told = _pairs(await redis.call("INFO", "memory")) | _pairs(
                await redis.call("INFO", "replication")
            )
        policy = told.get("maxmemory_policy", "noeviction")
        return RedisState(
            evicting_by=policy if _evicts(policy, told) else "",
            is_replica=told.get("role") == "slave",
            ahead=await _ahead(redis),
        )


def _evicts(policy: str, told: dict[str, str]) -> bool:
    return policy != "noeviction" and int(told.get("maxmemory", 0)) > 0


async def _ahead(redis: RedisConnection) -> timedelta:
    asked = datetime.now(UTC)
    try:
        reply = await redis.call("TIME")
    except RedisRefused:
        return timedelta(0)
    assert isinstance(reply, list)  # noqa: S101 - of seconds and microseconds
    seconds, microseconds = (int(part) for part in reply if isinstance(part, bytes))
    now = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)
    return now - (asked + (datetime.now(UTC) - asked) / 2)


def _pairs(info: object) -> dict[str, str]:
    lines = info.decode().splitlines() if isinstance(info, bytes) else []
    return dict(line.split(":", 1) for line in lines if ":" in line)
