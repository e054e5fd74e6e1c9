"""The contract of ``register_commands``."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
import typer

from authgate.cli import command_line
from authgate.cli.exit_codes import ExitCode
from authgate.cli.plugin.commands import commands_of
from authgate.plugin_manager import loading
from authgate.testing.fake_http import no_network


class CommandsContract:
    """What every plugin has to keep that brings commands.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``.
    """

    plugin: ClassVar[str]
    """The plugin's name: its entry point's."""

    def test_its_commands_are_below_its_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.plugin not in command_line.COMMANDS, "AuthGate has a command of this name"
        assert command_line.run([self.plugin, "--help"]) == ExitCode.OK
        assert set(self._help()) <= set(capsys.readouterr().out.split())

    def test_each_command_says_what_it_is_for(self) -> None:
        assert self._help(), "there is no command"
        assert not [name for name, said in self._help().items() if not said], "without a docstring"

    def test_nothing_happens_before_one_is_typed(self, capsys: pytest.CaptureFixture[str]) -> None:
        with no_network() as tried:
            self._commands()
        assert not tried, f"register_commands called socket.{tried[0]}"
        assert not "".join(capsys.readouterr()), "register_commands printed something"

    def test_an_option_that_there_is_not_is_refused(self) -> None:
        for name in self._help():
            assert command_line.run([self.plugin, name, "--no-such-option"]) == ExitCode.USAGE

    def _help(self) -> Mapping[str, str | None]:
        found = typer.main.get_group(self._commands())
        return {name: each.help for name, each in found.commands.items()}

    def _commands(self) -> typer.Typer:
        found = commands_of(loading.let_in(loading.installed(self.plugin)))
        if found is None:
            pytest.fail(f"No plugin {self.plugin!r} that brings commands is installed.")
        return found
