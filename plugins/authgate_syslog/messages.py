"""Messages of syslog (RFC 5424), each with its length in front (RFC 5425 section 4.3)."""

from authgate.plugin_api import AuditEvent, EventsRefused, as_json, bare
from authgate_syslog.settings import SyslogConfig

_SEVERITIES = {"CRITICAL": 2, "WARNING": 4}
_INFORMATIONAL = 6
_LONGEST_MSGID = 32
_ORIGIN = '[origin software="AuthGate"]'
"""The one element of structured data that needs no number of an enterprise, and fits."""


def framed(event: AuditEvent, config: SyslogConfig) -> bytes:
    """A message as it is sent. Raises ``EventsRefused`` where it cannot be made short enough."""
    for each in (event, bare(event)):
        message = _message(each, config)
        if len(message) <= config.longest:
            return b"%d %b" % (len(message), message)
    raise EventsRefused(f"an event needs more than {config.longest} octets")


def _message(event: AuditEvent, config: SyslogConfig) -> bytes:
    priority = config.facility * 8 + _SEVERITIES.get(event.severity, _INFORMATIONAL)
    moment = event.occurred_at.isoformat().replace("+00:00", "Z")
    header = (
        f"<{priority}>1 {moment} {config.hostname} authgate {event.tenant}"
        f" {event.type[:_LONGEST_MSGID]} {_ORIGIN} "
    )
    # ASCII alone, escaped as JSON has it: so there is no encoding to be told (section 6.4).
    return header.encode("ascii") + as_json(event, config.format)
