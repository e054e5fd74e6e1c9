"""Finds the installed plugins and calls them, so that no plugin can harm what it does not own.

``load()`` is the door: entry points of the group ``authgate``, each checked before it is let in.
Every call into a plugin goes through ``Isolation``: one plugin at a time, in its own context,
within a time budget, behind a breaker per tenant and plugin. In-process plugins are trusted code
all the same: what is held here is faults, not malice (a process cannot be walled off from a
module it has imported).
"""

from authgate.plugin_manager.configs import Configs, ConfigSource, ConfigTypes, NotConfigured
from authgate.plugin_manager.connectors import (
    ConnectorType,
    ConnectorTypes,
    LoginConnectors,
    NoConnector,
    OpenConnection,
)
from authgate.plugin_manager.containment import Containment, Outcome
from authgate.plugin_manager.egress import GuardedHttp
from authgate.plugin_manager.hooks import AddedClaims, DroppedClaim, Objection, Plugins
from authgate.plugin_manager.isolation import Isolation, PluginCall, PluginFailed
from authgate.plugin_manager.key_providers import ProviderFailed
from authgate.plugin_manager.loaded import LoadedPlugins
from authgate.plugin_manager.loading import PluginRefused, load
from authgate.plugin_manager.measured import measure
from authgate.plugin_manager.places import other_voucher, refuse_moved
from authgate.plugin_manager.setting_kinds import kind_of
from authgate.plugin_manager.streams import GuardedStreams
from authgate.plugin_manager.traced_http import TracedHttp

__all__ = [
    "AddedClaims",
    "ConfigSource",
    "ConfigTypes",
    "Configs",
    "ConnectorType",
    "ConnectorTypes",
    "Containment",
    "DroppedClaim",
    "GuardedHttp",
    "GuardedStreams",
    "Isolation",
    "LoadedPlugins",
    "LoginConnectors",
    "NoConnector",
    "NotConfigured",
    "Objection",
    "OpenConnection",
    "Outcome",
    "PluginCall",
    "PluginFailed",
    "PluginRefused",
    "Plugins",
    "ProviderFailed",
    "TracedHttp",
    "kind_of",
    "load",
    "measure",
    "other_voucher",
    "refuse_moved",
]
