"""Whatever a page points to is there."""

import re
from pathlib import Path

_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
_MARKS = re.compile(r"[^\w\- ]")


def _anchors(page: str) -> set[str]:
    prose = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {_MARKS.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_somewhere(pages: dict[str, str], repository: Path) -> None:
    broken = []
    for name, page in pages.items():
        for link in (a or b for a, b in _LINK.findall(page)):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            path = (repository / name).parent / target if target else repository / name
            if not path.exists() or (anchor and anchor not in _anchors(path.read_text())):
                broken.append(f"{name}: {link}")
    assert not broken


def test_every_decision_is_in_the_list_under_its_title(pages: dict[str, str]) -> None:
    written = {}
    for name, page in pages.items():
        if re.fullmatch(r"docs/adr/\d{4}-.+\.md", name):
            title = page.splitlines()[0].removeprefix("# ")
            written[Path(name).name] = title
    listed = re.findall(
        r"^\| \[(\d{4})\]\((.+?)\) \| (.+) \|$", pages["docs/adr/README.md"], re.MULTILINE
    )
    assert {path: f"{number} {title}" for number, path, title in listed} == written
    assert [number for number, _, _ in listed] == [f"{n:04}" for n in range(1, len(written) + 1)]


def test_every_decision_has_its_parts_and_its_files(
    pages: dict[str, str], repository: Path
) -> None:
    parts = ["Context", "Decision", "Alternatives", "Consequences", "Files"]
    wrong = []
    for name, page in pages.items():
        if not re.fullmatch(r"docs/adr/\d{4}-.+\.md", name):
            continue
        if re.findall(r"^## (.+)$", page, re.MULTILINE) != parts:
            wrong.append(name)
        files = re.findall(r"`([^`]+)`", page.partition("\n## Files\n")[2])
        wrong += [f"{name}: {each}" for each in files if not (repository / each).exists()]
    assert not wrong
