"""Keep a tenant's audit log in a bucket: of S3, or of whatever else speaks its API."""

import asyncio
from collections.abc import Sequence

from authgate.plugin_api import AuditEvent, HttpClient, SetupStep, hookimpl, tried
from authgate_s3.bucket import BucketFailed, put
from authgate_s3.objects import BucketObject, objects, of_trial
from authgate_s3.settings import BucketConfig

plugin_api_version = "1.3"

_AT_ONCE = 4


@hookimpl
def register_config() -> type[BucketConfig]:
    """Say which settings there are."""
    return BucketConfig


@hookimpl
async def examine_config(
    tenant: str, config: BucketConfig, http: HttpClient
) -> Sequence[SetupStep]:
    """Write an object with an event of the type ``TEST``, over the one that was there."""

    async def write(events: Sequence[AuditEvent]) -> None:
        await put(of_trial(events, config), config, http)

    return await tried(tenant, write, BucketFailed)


@hookimpl
async def audit_events(
    events: Sequence[AuditEvent], config: BucketConfig, http: HttpClient
) -> None:
    """Write an object for each day on which some happened, a few at once, and return once all are
    there."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def write(one: BucketObject) -> None:
        async with places:
            await put(one, config, http)

    ended = await asyncio.gather(*map(write, objects(events, config)), return_exceptions=True)
    for fault in filter(None, ended):
        raise fault
