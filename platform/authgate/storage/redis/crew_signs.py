"""Signs of life that workers and beats leave in their broker, for the doctor."""

from authgate.storage.redis.connection import RedisConnection

_SECONDS = 2.0


async def heard(url: str, keys: dict[str, str]) -> set[str]:
    """Those of these names whose key is there. Raises ``RedisUnavailable`` and ``ValueError``."""
    async with RedisConnection(url, time_limit=_SECONDS) as redis:
        return {name for name, key in keys.items() if await redis.call("EXISTS", key)}
