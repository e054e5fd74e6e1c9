"""Until when what a connection stands on is good, told by its connector without asking anybody."""

from collections.abc import Mapping, Sequence
from typing import Any

from authgate.plugin_api import (
    Connector,
    ConnectorConfigError,
    ConnectorError,
    Documents,
    Ending,
    FetchedDocuments,
    HttpFailure,
    NoHttp,
)
from authgate.plugin_manager.identities import checked_endings
from authgate.plugin_manager.isolation import Isolation, PluginFailed, Target

_SECONDS = 1.0
_UNKNOWN = (HttpFailure, ConnectorError, ConnectorConfigError)


async def endings_of(
    made_by: type[Connector[Any]],
    config: Mapping[str, object],
    *,
    isolation: Isolation,
    target: Target,
    documents: Documents | None = None,
) -> Sequence[Ending] | None:
    """What ends, by the settings and these documents; ``None`` where they do not tell."""

    async def work() -> object:
        nobody = NoHttp()
        opened = made_by(config=made_by.parse_config(config), http=nobody)
        opened.documents = documents or FetchedDocuments(nobody)
        return await opened.endings()

    try:
        return await isolation.run(
            work, target, budget=_SECONDS, accept=checked_endings, answers=_UNKNOWN
        )
    except (*_UNKNOWN, PluginFailed):
        return None
