"""Send a tenant's audit log to a syslog server, in TLS (RFC 5424, RFC 5425)."""

from collections.abc import Sequence
from functools import partial

from authgate.plugin_api import AuditEvent, Network, SetupStep, hookimpl, tried
from authgate_syslog.messages import framed
from authgate_syslog.settings import SyslogConfig

plugin_api_version = "1.3"


@hookimpl
def register_config() -> type[SyslogConfig]:
    """Say which settings there are."""
    return SyslogConfig


@hookimpl
async def examine_config(
    tenant: str, config: SyslogConfig, network: Network
) -> Sequence[SetupStep]:
    """Send a message of the type ``TEST``."""
    return await tried(tenant, partial(_send, config=config, network=network))


@hookimpl
async def audit_events(
    events: Sequence[AuditEvent], config: SyslogConfig, network: Network
) -> None:
    """Send them, and return once the server has read all of them."""
    await _send(events, config, network)


async def _send(events: Sequence[AuditEvent], config: SyslogConfig, network: Network) -> None:
    host, port = config.server
    async with network.open(host, port, authorities=config.authorities) as stream:
        await stream.send(b"".join(framed(each, config) for each in events))
        # Syslog has no answers. That the other side has read all is what its end of TLS says.
        await stream.end()
