"""Commands that plugins bring, each below the plugin's name.

None is imported before one of its own is typed: neither help nor another command waits for it, or
ends with it.
"""

from traceback import extract_tb

import pluggy
import typer

from authgate.cli.failures import Failure, Unhealthy
from authgate.plugin_api import hookspecs
from authgate.plugin_manager import PluginRefused, loading
from authgate.plugin_manager.registrations import registered


def added(program: typer.Typer, plugin: str) -> None:
    """Add the commands of this plugin, if it is installed and has some. Raises ``Unhealthy``."""
    try:
        found = commands_of(loading.let_in(loading.installed(plugin)))
    except PluginRefused as error:
        raise Unhealthy(str(error)) from error
    if found is not None:
        program.add_typer(found, name=plugin)


def commands_of(plugin: pluggy.PluginManager) -> typer.Typer | None:
    """What the only plugin there adds; ``None`` where that is nothing. Raises
    ``PluginRefused``."""
    for name, found in registered(plugin, hookspecs.register_commands):
        if not isinstance(found, typer.Typer):
            raise PluginRefused(name, "register_commands gives a typer.Typer.")
        try:
            typer.main.get_group(found)
        except Exception as error:
            raise PluginRefused(name, f"its commands cannot be made: {error}") from error
        return found
    return None


def failed(plugin: str, error: Exception) -> Failure:
    """The end that a plugin's command comes to which raises what it should not."""
    last = extract_tb(error.__traceback__)[-1]
    place = f"{last.filename}, line {last.lineno}"
    return Failure(f"The plugin {plugin!r} failed: {type(error).__name__}: {error} ({place})")
