"""Events to the HTTP Event Collector, and what it answers.

What it answers is shown to nobody: else whoever may name a server could look around.
"""

import json
from collections.abc import Sequence

from authgate.plugin_api import AuditEvent, EventsRefused, HttpClient, HttpFailure, formatted
from authgate.plugin_api.delivery import is_of_content
from authgate.plugin_api.http import HttpResponse
from authgate_splunk.settings import SplunkConfig

_TAKEN = 0
_OF_AN_EVENT = frozenset({5, 6, 12, 13, 15})
"""Codes of an answer that is about an event: no data, no format, an empty event, or fields."""
_TOO_MUCH = 413


class SplunkFailed(Exception):
    """Splunk takes nothing at the moment, or not from us, or not into this index."""


async def post(events: Sequence[AuditEvent], config: SplunkConfig, http: HttpClient) -> None:
    """Send these, one after the other in one request. Raises ``SplunkFailed``, ``EventsRefused``
    and ``HttpFailure``."""
    answer = await http.post_bytes(
        f"https://{config.host}/services/collector/event",
        content=b"".join(_written(each, config) for each in events),
        headers={"authorization": f"Splunk {config.token.reveal()}"},
    )
    code = _code(answer)
    if answer.ok and code == _TAKEN:
        return
    # Without a code it is no word of Splunk's, but of what is in front of it.
    if answer.status == _TOO_MUCH or (
        is_of_content(answer.status) and (code is None or code in _OF_AN_EVENT)
    ):
        raise EventsRefused("It does not take what it is sent.")
    raise SplunkFailed("It did not say that it has it.")


def _written(event: AuditEvent, config: SplunkConfig) -> bytes:
    said = {
        "time": event.occurred_at.timestamp(),
        "source": "authgate",
        "sourcetype": config.source_type,
        "event": formatted(event, config.format),
        # Looked up without reading the event: what was told again has the same identifier.
        "fields": {"event_id": event.id, "tenant": event.tenant},
    }
    if config.index:
        said["index"] = config.index
    return json.dumps(said, separators=(",", ":")).encode("ascii")


def _code(answer: HttpResponse) -> object:
    try:
        said = answer.json()
    except HttpFailure:
        return None
    return said.get("code") if isinstance(said, dict) else None
