"""A page of the documentation: its sections and tables, and the commands that it prints."""

import re

_WHOLE = re.DOTALL | re.MULTILINE


def section(page: str, heading: str) -> str:
    """What is below a heading, until the next one; no line of code in it begins with two marks."""
    [text] = re.findall(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", page, _WHOLE)
    return str(text)


def commands(text: str) -> list[str]:
    """The commands for a shell, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", text, _WHOLE)


def rows(page: str, heading: str) -> list[list[str]]:
    """The lines of the table below a heading, cell by cell, without its head."""
    lines = [line for line in section(page, heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]
