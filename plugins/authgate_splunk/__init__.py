"""Send a tenant's audit log to Splunk, by its HTTP Event Collector."""

from collections.abc import Sequence
from functools import partial

from authgate.plugin_api import AuditEvent, HttpClient, SetupStep, deliver, hookimpl, tried
from authgate_splunk.collector import SplunkFailed, post
from authgate_splunk.settings import SplunkConfig

plugin_api_version = "1.3"


@hookimpl
def register_config() -> type[SplunkConfig]:
    """Say which settings there are."""
    return SplunkConfig


@hookimpl
async def examine_config(
    tenant: str, config: SplunkConfig, http: HttpClient
) -> Sequence[SetupStep]:
    """Send an event of the type ``TEST``."""
    return await tried(tenant, partial(post, config=config, http=http), SplunkFailed)


@hookimpl
async def audit_events(
    events: Sequence[AuditEvent], config: SplunkConfig, http: HttpClient
) -> None:
    """Send them, and return once Splunk has said that it has them."""
    await deliver(events, partial(post, config=config, http=http))
