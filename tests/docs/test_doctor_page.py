"""Every misconfiguration has its test, and what production refuses is on the page."""

import ast
from pathlib import Path
from types import ModuleType

import pytest


def _texts(folder: Path, pattern: str) -> set[str]:
    """Every text that stands in the tests of a folder."""
    return {
        node.value
        for file in folder.glob(pattern)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_misconfiguration_is_set_up_in_a_test(
    repository: Path, reference: ModuleType
) -> None:
    codes = {each.code for each in reference.every_misconfiguration()}
    assert not codes - _texts(repository / "tests/cli/doctor", "test_*.py")


def test_everything_that_production_refuses_is_refused_in_a_test(
    repository: Path, reference: ModuleType
) -> None:
    refused = {each.code for each in reference.every_misconfiguration() if each.refused}
    tried = _texts(repository / "tests/cli", "test_production.py")
    assert refused - tried == {"sqlite-several-workers"}  # which is refused in every profile


def test_every_misconfiguration_says_all_that_there_is_to_say(reference: ModuleType) -> None:
    for each in reference.every_misconfiguration():
        for sentence in (each.wrong, each.why, each.cure):
            assert sentence[0].isupper() or sentence[0] == "`", each.code
            assert sentence.endswith("."), each.code


@pytest.mark.parametrize("word", ["refused", "problem", "warning"])
def test_the_page_names_what_its_tables_say(pages: dict[str, str], word: str) -> None:
    page, _, tables = pages["docs/doctor.md"].partition("<!-- reference:misconfigurations -->")
    assert word in page
    assert word in tables
