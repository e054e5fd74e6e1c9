"""Post a tenant's audit log to a collector by https, as lines or a list of JSON."""

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
    try:
        await post([trial_event(tenant)], config, http)
    except (CollectorFailed, EventsRefused, HttpFailure) as failure:
        return [SetupStep(name="Test event", passed=False, said=str(failure))]
    return [SetupStep(name="Test event", passed=True, said="It was taken.")]


@hookimpl
async def audit_events(
    events: Sequence[AuditEvent], config: CollectorConfig, http: HttpClient
) -> None:
    """Post them, and return once the collector has taken all of them."""

    async def send(some: Sequence[AuditEvent]) -> None:
        await post(some, config, http)

    await deliver(events, send)
