"""The reference pages say what the code says."""

import re
from pathlib import Path
from types import ModuleType

from authgate import audit
from authgate.audit import Event
from authgate.cli.command_line import COMMANDS
from authgate.telemetry.families import REGISTRY

CURE = "The code has changed: run `python docs/reference.py`."


def test_every_reference_page_is_as_the_code_says_it(
    pages: dict[str, str], reference: ModuleType
) -> None:
    behind = [name for name, page in pages.items() if reference.written(page) != page]
    assert not behind, CURE


def test_every_block_has_its_one_page(pages: dict[str, str], reference: ModuleType) -> None:
    found = re.findall(r"<!-- reference:([a-z-]+) -->", "".join(pages.values()))
    assert sorted(found) == sorted(reference.BLOCKS)


def test_every_command_has_its_heading(pages: dict[str, str]) -> None:
    headings = re.findall(r"^## authgate ([a-z-]+)", pages["docs/cli.md"], re.MULTILINE)
    assert set(headings) == set(COMMANDS)


def test_everything_that_is_measured_is_on_the_page(pages: dict[str, str]) -> None:
    kept = {family.name: family.type for family in REGISTRY.collect()}
    ours = {name for name in kept if name.startswith("authgate_")}
    assert ours
    listed = re.findall(r"^\| `(authgate_\w+)` \|", pages["docs/metrics.md"], re.MULTILINE)
    assert {name.removesuffix("_total") for name in listed} == ours


def test_every_audit_event_is_on_the_page_with_its_severity(pages: dict[str, str]) -> None:
    listed = re.findall(
        r"^\| `([A-Z_]+)` \| ([A-Z]+) \| .+ \|$", pages["docs/audit-events.md"], re.MULTILINE
    )
    assert listed == [
        (str(each), str(audit.event(each, actor=audit.SYSTEM).severity)) for each in Event
    ]


def test_the_page_says_which_audit_events_are_not_written_yet(
    pages: dict[str, str], repository: Path
) -> None:
    code = "".join(
        path.read_text()
        for path in (repository / "platform/authgate").rglob("*.py")
        if "audit/meanings" not in path.as_posix()
    )
    written = set(re.findall(r"\bEvent\.([A-Z_]+)\b", code))
    reserved = re.findall(
        r"^\| `([A-Z_]+)` .*not written yet", pages["docs/audit-events.md"], re.MULTILINE
    )
    assert set(reserved) == {each.name for each in Event} - written
