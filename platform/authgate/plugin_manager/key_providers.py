"""The plugin that keeps the key-encryption key: in a KMS, a vault or a security module.

It is asked when a process starts, before there is a loop, once for each key. What it has opened
stays in the memory of the process: a service that is away later stops nobody.
"""

from collections.abc import Callable
from functools import lru_cache

from authgate.plugin_api import hookspecs
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.containment import Fault, at_start
from authgate.plugin_manager.implementations import implementations
from authgate.plugin_manager.isolation import place_of
from authgate.plugin_manager.loading import load


class ProviderFailed(Exception):
    """No such plugin, or it did not do its part. Says which, and nothing of the key."""


@lru_cache(maxsize=16)
def unwrapped(provider: str, wrapped: bytes) -> bytes:
    """A key as it is used. Raises ``ProviderFailed`` and ``PluginRefused``."""
    return _asked(hookspecs.unwrap_key, provider, wrapped=wrapped)


def wrapped(provider: str, key: bytes) -> bytes:
    """A key as it is kept. Raises ``ProviderFailed`` and ``PluginRefused``."""
    return _asked(hookspecs.wrap_key, provider, key=key)


def _asked(hook: Callable[..., object], provider: str, **arguments: bytes) -> bytes:
    parts = dict(implementations(load(), hook.__name__))
    if provider not in parts:
        raise ProviderFailed(f"No plugin {provider!r} that keeps keys is installed.")
    try:
        found = at_start(parts[provider](arguments), budget=rules_of(hook).budget)
    except Fault as fault:
        # Its text could hold what it was given.
        raise ProviderFailed(
            f"The plugin {provider!r} failed: {hook.__name__} {fault.outcome}, {place_of(fault)}."
        ) from None
    if type(found) is not bytes or not found:
        raise ProviderFailed(f"The plugin {provider!r} failed: {hook.__name__} gave no bytes.")
    return found
