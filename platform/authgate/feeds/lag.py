"""How far behind plugins are with what they are told, for the metrics."""

from collections import Counter
from collections.abc import Sequence

from authgate.installation import Installation
from authgate.storage.sweep import due_feeds
from authgate.telemetry import metrics


async def measure(parts: Installation, due: Sequence[due_feeds.DueFeed]) -> None:
    """What is in the log and was told to nobody yet. Plugins that their tenants have wait are
    counted by themselves."""
    now, database = parts.clock(), parts.settings.database
    waiting = await due_feeds.waiting(database, now=now)
    alone = Counter(await due_feeds.left_alone(database, now=now))
    hears = parts.plugins.hooks.hears
    lags = {each: 0.0 for each in parts.plugins.names if hears(each)}
    failing = dict.fromkeys(lags, 0)
    since = [(each.plugin, each.since) for each in due]
    # Not of one that is not installed here: nobody would say when it is gone.
    for plugin, moment in [*since, *((each.plugin, each.since) for each in waiting)]:
        if plugin in lags:
            lags[plugin] = max(lags[plugin], (now - moment).total_seconds())
    for one in waiting:
        if one.plugin in failing:
            failing[one.plugin] += one.failures > 0
    for plugin, seconds in lags.items():
        metrics.plugin_feed_lag_seconds.set(seconds, plugin)
    for plugin, feeds in failing.items():
        metrics.plugin_feeds_waiting.set(feeds, plugin)
        metrics.plugin_feeds_paused.set(alone[plugin], plugin)
