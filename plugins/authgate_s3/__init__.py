"""Keep a tenant's audit log in a bucket: of S3, or of whatever else speaks its API."""

from collections.abc import Sequence

from authgate.plugin_api import AuditEvent, HttpClient, SetupStep, hookimpl, tried
from authgate_s3.bucket import BucketFailed, put
from authgate_s3.objects import objects, of_trial
from authgate_s3.settings import BucketConfig

plugin_api_version = "1.3"


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
    """Write an object for each day on which some happened, and return once all are there."""
    for each in objects(events, config):
        await put(each, config, http)
