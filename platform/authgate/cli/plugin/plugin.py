"""``authgate plugin``."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from authgate.cli import installed
from authgate.cli.exit_codes import ExitCode
from authgate.cli.failures import Failure, Misused
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, Record, printable, say, show_all
from authgate.cli.plugin import scaffold
from authgate.cli.plugin.inspection import Inspected, every_plugin
from authgate.cli.plugin.scaffold import Kind
from authgate.plugin_manager import loading
from authgate.plugin_manager.source_folder import SourceFolder, UnfitFolder

app = Noun()

_MOST_TENANTS = 5
_NO_TEST = 5
"""What pytest ends with where it found no test."""

KindOf = Annotated[Kind, typer.Argument(metavar="KIND", help=f"One of {', '.join(Kind)}")]
Name = Annotated[str, typer.Argument(help="Its name: a-z, 0-9 and inner dashes")]
Into = Annotated[Path | None, typer.Option(help="The folder to be made; ./NAME where not given")]
Folder = Annotated[Path, typer.Argument(help="Where its pyproject.toml is")]
Only = Annotated[
    str, typer.Option("--only", "-k", metavar="WORDS", help="Tests with these words in their names")
]


@app.verb(example="plugin new login-connector acme-sso")
def new(kind: KindOf, name: Name, into: Into = None) -> None:
    """Begin a plugin: a package that works, with tests that pass."""
    folder = into or Path(name)
    taken = [each.name for each in loading.installed()]
    for path in scaffold.write(kind, name, folder, taken=taken):
        say(f"✓ {path}")
    say(f"Next:  authgate plugin test {folder}\n       authgate demo --plugin {folder}")


@app.verb("list", example="plugin list")
def list_(output: Output = Format.TABLE) -> None:
    """List the installed plugins: what each takes part in, and which tenants have enabled it."""
    from authgate.cli.plugin.enablement import tenants_by_plugin

    installed.quiet()
    plugins, tenants = every_plugin(), tenants_by_plugin()
    show_all([_record(each, tenants, output) for each in plugins], output)


@app.verb(example="plugin doctor")
def doctor(output: Output = Format.TABLE) -> None:
    """Load each plugin, and tell what is wrong with it; exit code 6 where something is."""
    installed.quiet()
    found = every_plugin()
    if output is Format.JSON:
        show_all([_verdict(each) for each in found], output)
    else:
        sys.stdout.writelines(f"{line}\n" for each in found for line in _told(each))
    if any(each.wrong for each in found):
        raise typer.Exit(ExitCode.UNHEALTHY)


@app.verb("test", example="plugin test ./acme-sso")
def run_tests(folder: Folder, only: Only = "") -> None:
    """Run a plugin's tests, its contract's among them, from the folder that it lies in."""
    if find_spec("pytest") is None:
        raise Failure("The tests need pytest: pip install 'authgate[testing]'.")
    try:
        SourceFolder.read(folder)
    except UnfitFolder as error:
        raise Misused(str(error)) from error
    words = [*(["-k", only] if only else []), "-p", "authgate.testing"]
    command = [sys.executable, "-m", "pytest", *words]
    ended = subprocess.run(command, cwd=folder, check=False)  # noqa: S603  # the author's own tests
    if ended.returncode == _NO_TEST:
        raise Failure(f"{folder}: there are no such tests.")
    if ended.returncode:
        raise typer.Exit(ExitCode.FAILED)


def _record(
    plugin: Inspected, tenants: Mapping[str, Sequence[str]] | None, output: Format
) -> Record:
    enabled = None if tenants is None else list(tenants.get(plugin.plugin, ()))
    return {
        "plugin": plugin.plugin,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "api": plugin.api,
        "hooks": plugin.hooks,
        "wrong": plugin.wrong,
        "enabled": enabled if output is Format.JSON else _first(enabled),
    }


def _first(tenants: list[str] | None) -> list[str] | None:
    if tenants is None or len(tenants) <= _MOST_TENANTS:
        return tenants
    return [*tenants[:_MOST_TENANTS], f"and {len(tenants) - _MOST_TENANTS} more"]


def _verdict(plugin: Inspected) -> Record:
    return {
        "plugin": plugin.plugin,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "wrong": plugin.wrong,
        "cure": plugin.cure,
    }


def _told(plugin: Inspected) -> Iterator[str]:
    provenance = f" ({plugin.provenance})" if plugin.provenance else ""
    if plugin.wrong:
        yield f"✗ {printable(plugin.plugin)}{provenance}: {printable(plugin.wrong)}"
        yield f"    → {printable(plugin.cure)}"
    else:
        brought = [*plugin.hooks, *(f"sign-in by {each}" for each in plugin.connectors)]
        brought += [f"authgate {plugin.plugin}"] if plugin.commands else []
        yield f"✓ {plugin.plugin}{provenance}: {', '.join(brought)}"
