"""``authgate doctor``."""

import asyncio
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from authgate.cli import installed, service_checks, settings_checks
from authgate.cli.exit_codes import ExitCode
from authgate.cli.findings import Finding, Verdict
from authgate.cli.output import Format, Output, printable, show_all

AsJson = Annotated[bool, typer.Option("--json", help="The same as -o json")]

_SIGNS = {Verdict.OK: "✓", Verdict.WARNING: "!", Verdict.PROBLEM: "✗"}


def doctor(output: Output = Format.TABLE, as_json: AsJson = False) -> None:
    """Check the installation, and tell how to mend it; exit code 6 where something must be."""
    installed.quiet()
    found = asyncio.run(_findings())
    if as_json or output is Format.JSON:
        show_all([asdict(each) for each in found], Format.JSON)
    else:
        sys.stdout.writelines(_lines(found))
    if any(each.verdict is Verdict.PROBLEM for each in found):
        raise typer.Exit(ExitCode.UNHEALTHY)


async def _findings() -> list[Finding]:
    settings, found = settings_checks.read()
    if settings is None:
        return found
    found += [settings_checks.address(settings), settings_checks.processes(settings)]
    return [*found, *[each async for each in service_checks.findings(settings)]]


def _lines(found: list[Finding]) -> list[str]:
    width = max(len(each.what) for each in found)
    lines = []
    for each in found:
        lines.append(f"{_SIGNS[each.verdict]} {each.what:<{width}}  {printable(each.result)}\n")
        if each.cure:
            lines.append(f"  {'':<{width}}  → {each.cure}\n")
    return lines
