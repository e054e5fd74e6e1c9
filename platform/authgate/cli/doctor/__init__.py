"""``authgate doctor``.

What shows in the settings and files alone is in ``authgate.diagnosis``; here is what shows only
where something is opened or asked: one module for each thing.
"""

import asyncio
from typing import Annotated

import typer

from authgate.cli import installed
from authgate.cli.doctor import examination, report
from authgate.cli.exit_codes import ExitCode
from authgate.cli.output import Format, Output
from authgate.diagnosis.misconfiguration import Severity

Strict = Annotated[bool, typer.Option("--strict", help="End with exit code 6 for warnings too")]


def doctor(output: Output = Format.TABLE, strict: Strict = False) -> None:
    """Check the installation, and tell how to mend it; exit code 6 where something must be."""
    installed.quiet()
    found = asyncio.run(examination.findings())
    report.show(found, output)
    unhealthy = {Severity.PROBLEM, *({Severity.WARNING} if strict else ())}
    if any(each.severity in unhealthy for each in found):
        raise typer.Exit(ExitCode.UNHEALTHY)
