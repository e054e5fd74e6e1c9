"""Append a tenant's audit log to a stream of Redis, for whoever reads on from there."""

from collections.abc import Sequence
from functools import partial

from authgate.plugin_api import AuditEvent, Network, SetupStep, hookimpl, tried
from authgate_redis_stream.conversation import RedisRefused
from authgate_redis_stream.settings import RedisConfig
from authgate_redis_stream.stream import append

plugin_api_version = "1.3"


@hookimpl
def register_config() -> type[RedisConfig]:
    """Say which settings there are."""
    return RedisConfig


@hookimpl
async def examine_config(tenant: str, config: RedisConfig, network: Network) -> Sequence[SetupStep]:
    """Append an event of the type ``TEST``."""
    return await tried(tenant, partial(append, config=config, network=network), RedisRefused)


@hookimpl
async def audit_events(events: Sequence[AuditEvent], config: RedisConfig, network: Network) -> None:
    """Append them, and return once Redis has answered for each."""
    await append(events, config, network)
