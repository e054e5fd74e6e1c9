"""The site that is made of the pages: whole, without a warning, and of its own things alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

_LOADED = re.compile(r'<(?:link|script|img|source)\b[^>]*?(?:href|src|srcset)="([^"]+)"')
_IMPORTED = re.compile(r"(?:url\(|@import )\s*[\"']?([^\"')]+)")


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it."""
    target = tmp_path_factory.mktemp("site")
    ended = subprocess.run(
        [sys.executable, "-m", "sphinx", "-qWc", "docs", ".", target / "html", "-d", target],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return target / "html"


def test_every_page_is_in_the_site_and_in_its_side_bar(site: Path, pages: dict[str, str]) -> None:
    first = (site / "docs/index.html").read_text()
    for name in pages:
        made = Path(name).with_suffix(".html")
        assert (site / made).exists(), name
        if not re.match(r"docs/(index|adr/\d)", name):
            link = f"../{made}" if made.parent == Path() else made.relative_to("docs")
            assert f'class="reference internal" href="{link}"' in first, name


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    foreign = []
    for page in site.rglob("*.html"):
        text = re.sub(r'<link rel="canonical"[^>]*>', "", page.read_text())
        foreign += [
            f"{page.name}: {each}" for each in _LOADED.findall(text) if re.match(r"(\w+:)?//", each)
        ]
    for sheet in site.rglob("*.css"):
        foreign += [
            f"{sheet.name}: {each}"
            for each in _IMPORTED.findall(sheet.read_text())
            if re.match(r"(\w+:)?//", each)
        ]
    assert not foreign


def test_everything_that_it_loads_is_there(site: Path) -> None:
    missing = []
    for page in site.rglob("*.html"):
        for link in _LOADED.findall(page.read_text()):
            path = (page.parent / link.partition("?")[0]).resolve()
            if not link.startswith(("data:", "#")) and not path.exists():
                missing.append(f"{page.relative_to(site)}: {link}")
    assert not missing


def test_the_gate_leads_in(site: Path) -> None:
    assert "url=docs/index.html" in (site / "index.html").read_text()


def test_it_looks_like_the_product(site: Path, repository: Path) -> None:
    tokens = (repository / "templates/authgate_templates/static/tokens.css").read_text()
    light, dark = re.findall(r"--brand-text:\s+light-dark\((#\w+), (#\w+)\)", tokens)[0]
    page = (site / "docs/index.html").read_text()
    assert f"--color-brand-primary: {light}" in page
    assert f"--color-brand-primary: {dark}" in page
