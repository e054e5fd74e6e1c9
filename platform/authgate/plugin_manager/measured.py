"""How long plugins take, and how they fail, as it is measured."""

from authgate.plugin_manager.containment import Outcome
from authgate.plugin_manager.isolation import PluginCall
from authgate.telemetry import metrics


def measure(call: PluginCall) -> None:
    """Measure a call into a plugin."""
    plugin, hook = call.target.plugin, call.target.call
    metrics.plugin_hook_seconds.observe(call.seconds, plugin, hook)
    if call.outcome not in (Outcome.DONE, Outcome.ANSWERED_NO):
        metrics.plugin_failures.add(plugin, hook, call.outcome)
