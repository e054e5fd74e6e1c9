"""The report holds what was measured, and only that."""

import json
from pathlib import Path

import pytest
from bench import report
from bench.instructions import Count
from bench.report import MarkerMissing, Section
from bench.sections import ALL_SECTIONS

_DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
_FACTS = {"measured at": "2026-11-27 12:00 UTC", "commit": "abc1234"}


@pytest.mark.parametrize("name", [*ALL_SECTIONS, "machine"])
def test_the_document_has_a_place_for_every_section(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "performance.md"
    copy.write_text(_DOCUMENT.read_text())
    report.insert(copy, name, "a new table")
    assert f"<!-- bench:{name} -->\na new table\n<!-- /bench:{name} -->" in copy.read_text()


def test_a_table_without_a_place_is_not_lost_unnoticed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("no places here")
    with pytest.raises(MarkerMissing):
        report.insert(tmp_path / "page.md", "rivals", "a table")


def test_a_section_measured_by_itself_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    report.write_samples(file, _FACTS, {"rivals": _section(1)})
    report.write_samples(file, _FACTS | {"commit": "def5678"}, {"tenants": _section(2)})
    told = json.loads(file.read_text())
    assert [told[name]["machine"]["commit"] for name in ("rivals", "tenants")] == [
        "abc1234",
        "def5678",
    ]
    assert told["rivals"]["samples"][0]["instructions"] == 1


def test_what_must_not_be_used_is_complained_of() -> None:
    section = Section.of([Count("JWKS", 1), Count("JWKS", 1, complaint="wrong")], "a table")
    assert section.complaints == ["wrong"]


def _section(figure: int) -> Section:
    return Section.of([Count("JWKS", figure)], "a table")
