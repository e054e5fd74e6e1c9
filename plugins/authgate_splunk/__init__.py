"""Send a tenant's audit log to Splunk, by its HTTP Event Collector."""

from collections.abc import Sequence

from authgate.plugin_api import (
    AuditEvent,
    EventsRefused,
    HttpClient,
    HttpFailure,
    SetupStep,
    deliver,
    hookimpl,
    trial_event,
)
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
    try:
        await post([trial_event(tenant)], config, http)
    except (SplunkFailed, EventsRefused, HttpFailure) as failure:
        return [SetupStep(name="Test event", passed=False, said=str(failure))]
    return [SetupStep(name="Test event", passed=True, said="It was taken.")]


@hookimpl
async def audit_events(
    events: Sequence[AuditEvent], config: SplunkConfig, http: HttpClient
) -> None:
    """Send them, and return once Splunk has said that it has them."""

    async def send(some: Sequence[AuditEvent]) -> None:
        await post(some, config, http)

    await deliver(events, send)
