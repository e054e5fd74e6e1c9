"""Events to the collector, and what its statuses mean.

Its statuses and texts are shown to nobody: else whoever may name a collector could look around.
"""

from collections.abc import Sequence

from authgate.plugin_api import AuditEvent, EventsRefused, HttpClient, as_json
from authgate.plugin_api.delivery import is_of_content
from authgate_http_sink.settings import LIST, CollectorConfig


class CollectorFailed(Exception):
    """The collector takes nothing at the moment, or not from us."""


async def post(events: Sequence[AuditEvent], config: CollectorConfig, http: HttpClient) -> None:
    """Post these; whatever status of success says that they were taken. Raises
    ``CollectorFailed``, ``EventsRefused`` and ``HttpFailure``."""
    written = [as_json(each, config.format) for each in events]
    if config.body == LIST:
        content, media_type = b"[" + b",".join(written) + b"]", "application/json"
    else:
        content, media_type = b"".join(b"%b\n" % each for each in written), "application/x-ndjson"
    answer = await http.post_bytes(
        config.url, content=content, content_type=media_type, headers=config.headers
    )
    if is_of_content(answer.status):
        raise EventsRefused("It does not take what it is sent.")
    if not answer.ok:
        raise CollectorFailed("It answered with another status than one of success.")
