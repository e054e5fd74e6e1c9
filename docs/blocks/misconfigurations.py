"""What the doctor finds, and what production does not start with."""

import importlib
import re
from pkgutil import iter_modules

from authgate import diagnosis
from authgate.cli import doctor
from authgate.diagnosis.misconfiguration import Area, Misconfiguration
from blocks.words import table_of


def misconfigurations() -> str:
    """Each misconfiguration, by what it is about."""
    known = every_misconfiguration()
    parts = []
    for area in Area:
        rows = [_misconfiguration(each) for each in known if each.area is area]
        head = ("code", "severity", "what is wrong", "why it matters", "cure")
        parts.append(f"## {area}\n\n{table_of(head, rows)}")
    return "\n".join(parts)


def refused() -> str:
    """The codes of what production does not start with."""
    codes = [f"`{each.code}`" for each in every_misconfiguration() if each.refused]
    return f"Refused are {', '.join(sorted(codes))}.\n"


def every_misconfiguration() -> list[Misconfiguration]:
    """Each that a module of the diagnosis or of the doctor declares."""
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for package in (diagnosis, doctor)
        for module in iter_modules(package.__path__)
    ]
    declared = [value for module in modules for value in vars(module).values()]
    return list(
        {each.code: each for each in declared if isinstance(each, Misconfiguration)}.values()
    )


def _misconfiguration(each: Misconfiguration) -> tuple[str, ...]:
    severity = f"{each.severity}, refused" if each.refused else each.severity
    cure = re.sub(r"\{(\w+)\}", lambda name: name[1].upper(), each.cure)
    return f"`{each.code}`", severity, each.wrong, each.why, cure
