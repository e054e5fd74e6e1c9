"""Makes a site out of the pages: ``make docs``, into ``build/docs``.

The pages are plain Markdown, to be read where the code is kept as well. What only the site has
stands here: the order of its pages, and how it looks.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
_STATIC = ROOT / "templates/authgate_templates/static"

project = "AuthGate"
project_copyright = "the AuthGate authors"
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/adr/*.md"]
extensions = ["myst_parser", "sphinx_copybutton"]
nitpicky = True

myst_heading_anchors = 4  # as deep as pages link to
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "furo"
html_title = "AuthGate"
html_static_path = ["site", str(_STATIC / "fonts")]
html_css_files = ["site.css"]
html_favicon = str(_STATIC / "favicon.svg")
html_copy_source = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

ORDER: Mapping[str, Sequence[str]] = {
    "Start": ["../README", "tutorial", "api", "plugin-tutorial", "plugin-hooks", "plugin-testing"],
    "Run it": [
        "deploy",
        "operations",
        "console",
        "terminal",
        "tenant-as-code",
        "rotate",
        "backup",
        "portability",
        "observability",
        "security-guide",
        "compliance",
        "onboarding",
        "accounts",
        "mail",
        "languages",
        "limits",
        "metering",
        "registration",
        "scim",
        "second-factors",
        "sign-in-providers",
        "http-targets",
        "high-security",
        "migrate",
    ],
    "Understand it": [
        "architecture",
        "tenancy",
        "roles",
        "users",
        "groups",
        "operators",
        "security",
        "reliability",
        "performance",
        "adr/README",
    ],
    "Look it up": [
        "settings",
        "cli",
        "doctor",
        "errors",
        "audit-events",
        "audit-exports",
        "alerts",
        "webhooks",
        "audit-sinks",
        "audit-files",
        "metrics",
        "rfc-coverage",
        "conformance",
        "compatibility",
    ],
    "Take part": ["../CONTRIBUTING", "../CHANGELOG"],
}
"""The pages by what somebody wants of them, in the order of the side bar."""


def _brand(token: str, mode: str) -> str:
    """The colour that a token of the product's own pages has."""
    tokens = (_STATIC / "tokens.css").read_text()
    light, dark = re.findall(rf"--{token}:\s+light-dark\((#\w+), (#\w+)\)", tokens)[0]
    return str(dark if mode == "dark" else light)


def _variables(mode: str) -> dict[str, str]:
    named = {
        "color-background-primary": "bg",
        "color-background-secondary": "sunken",
        "color-background-hover": "hover",
        "color-background-border": "line",
        "color-foreground-primary": "text",
        "color-foreground-secondary": "text-2",
        "color-foreground-muted": "text-3",
        "color-foreground-border": "line-2",
        "color-brand-primary": "brand-text",
        "color-brand-content": "brand-text",
        "color-brand-visited": "brand-text",
        "color-code-background": "sunken",
        "color-inline-code-background": "sunken",
    }
    return {variable: _brand(token, mode) for variable, token in named.items()}


html_theme_options = {
    "light_css_variables": _variables("light")
    | {"font-stack": "Geist, sans-serif", "font-stack--monospace": "Geist Mono, monospace"},
    "dark_css_variables": _variables("dark"),
}


def _with_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Give the first page and the list of decisions what makes the side bar out of them."""
    if name == root_doc:
        source[0] += "".join(_contents(caption, pages) for caption, pages in ORDER.items())
    if name == "docs/adr/README":
        decisions = sorted(path.stem for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
        source[0] += _contents("", decisions)


def _contents(caption: str, pages: Sequence[str]) -> str:
    named = f":caption: {caption}\n" if caption else ""
    return f"\n\n```{{toctree}}\n:hidden:\n{named}\n" + "\n".join(pages) + "\n```\n"


def _with_pictures(app: Sphinx, failure: Exception | None) -> None:
    """Lay the pictures where pages look for them, and a sign at the gate."""
    if failure is None:
        shutil.copytree(ROOT / "docs/images", app.outdir / "docs/images", dirs_exist_ok=True)
        (app.outdir / "index.html").write_text(
            '<!doctype html><meta charset="utf-8"><title>AuthGate</title>'
            '<meta http-equiv="refresh" content="0; url=docs/index.html">'
            '<a href="docs/index.html">AuthGate</a>\n'
        )


def setup(app: Sphinx) -> None:
    """What Sphinx calls first."""
    app.connect("source-read", _with_contents)
    app.connect("build-finished", _with_pictures)
