"""Size and names: where a module or a function outgrows its noun or its verb, it is split."""

import ast
from pathlib import Path

MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_MODULE = 400
DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}


def test_no_module_is_a_drawer_for_odds_and_ends(modules: list[Path]) -> None:
    folders_and_files = {part for module in modules for part in (module.stem, module.parent.name)}
    assert not folders_and_files & DRAWERS


def test_a_module_is_one_noun(modules: list[Path]) -> None:
    lengths = {module: len(module.read_text().splitlines()) for module in modules}
    assert not {
        str(module): lines for module, lines in lengths.items() if lines > MOST_LINES_OF_A_MODULE
    }


def test_a_function_does_one_thing(modules: list[Path]) -> None:
    long = {
        f"{module}:{node.lineno} {node.name}": lines
        for module in modules
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }
    assert not long


def test_every_type_ignore_has_a_reason(modules: list[Path]) -> None:
    """``# type: ignore[code]  # reason``."""
    silent = [
        f"{module}:{number}"
        for module in modules
        for number, line in enumerate(module.read_text().splitlines(), start=1)
        if "# type: ignore" in line and "]  # " not in line
    ]
    assert not silent
