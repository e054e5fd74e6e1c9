"""Post a tenant's audit log to a collector by https, as lines or a list of JSON."""

from collections.abc import Sequence
from functools import partial

from authgate.plugin_api import AuditEvent, HttpClient, SetupStep, deliver, hookimpl, tried
from authgate_http_sink.collector import CollectorFailed, post
from authgate_http_sink.settings import CollectorConfig

plugin_api_version = "1.3"


@hookimpl
def register_config() -> type[CollectorConfig]:
    """Say which settings there are."""
    return CollectorConfig


@hookimpl
async def examine_config(
    tenant: str, config: CollectorConfig, http: HttpClient
) -> Sequence[SetupStep]:
    """Post an event of the type ``TEST``."""
    return await tried(tenant, partial(post, config=config, http=http), CollectorFailed)


@hookimpl
async def audit_events(
    events: Sequence[AuditEvent], config: CollectorConfig, http: HttpClient
) -> None:
    """Post them, and return once the collector has taken all of them."""
    await deliver(events, partial(post, config=config, http=http))
