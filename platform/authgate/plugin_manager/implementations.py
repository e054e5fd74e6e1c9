"""Plugins' parts in a hook, as they are called: one by one, and not by pluggy's own call, in which
one that raises loses what all the others said."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pluggy

from authgate.plugin_manager.containment import Work

Implementation = Callable[[Mapping[str, object]], Work]
"""Takes a hook's arguments and gives the call, ready to run."""


def implementations(
    installed: pluggy.PluginManager, hook: str
) -> Iterator[tuple[str, Implementation]]:
    """Each plugin's part in a hook, in the order of the plugins' names."""
    caller: pluggy.HookCaller = getattr(installed.hook, hook)
    for each in sorted(caller.get_hookimpls(), key=lambda each: each.plugin_name):
        yield each.plugin_name, partial(_call, each)


def _call(implementation: Any, arguments: Mapping[str, object]) -> Work:
    # An implementation takes those of the hook's arguments that it names.
    return partial(implementation.function, *(arguments[n] for n in implementation.argnames))
