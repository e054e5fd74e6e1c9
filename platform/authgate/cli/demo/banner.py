"""What the demo prints once it is up: where to go, and how to get in."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from authgate.cli.demo.shown_plugins import ShownPlugins
from authgate.cli.demo.site import FILE, SEEDS, DemoSite

_TITLE = "AuthGate demo is up"
_FOOT = "in-memory cache, jobs in this process; nothing leaves this machine"
_LABEL = 18
_FRAME = 4
_WIDTH = 80


def print_banner(
    site: DemoSite,
    *,
    in_place_of: int | None = None,
    shown: ShownPlugins | None = None,
    console: Console | None = None,
) -> None:
    """Print it, in a frame where the terminal has room for one.

    ``in_place_of`` is the port that was wanted and is taken.
    """
    console = console or Console(highlight=False)
    lines = [*_lines(site, in_place_of), *_of_plugins(shown)]
    width = max(_WIDTH, _FRAME + max(map(len, lines)))
    if console.is_terminal and console.width >= width:
        console.print(
            Panel(
                Text("\n".join(lines)),
                title=_TITLE,
                title_align="left",
                subtitle=_FOOT,
                subtitle_align="left",
                width=width,
            )
        )
    else:
        lines = [_TITLE, *lines, _FOOT]
        console.print("\n".join(lines), markup=False, soft_wrap=True)
    command = _command()
    console.print(
        f"Second terminal:  {command} login --demo\nEmpty start:      {command} demo --reset",
        markup=False,
        soft_wrap=True,
    )


def _lines(site: DemoSite, in_place_of: int | None) -> Iterator[str]:
    if in_place_of:
        yield f"Port {in_place_of} is taken; this is the next free one."
        yield ""
    first, second = (site.issuer(seed.slug) for seed in SEEDS)
    yield _row("Sign in", f"{first}/login")
    yield _row("Console", f"{first}/admin")
    yield _row("Approve a device", f"{first}/device")
    yield _row("Your sessions", f"{first}/account/sessions")
    yield _row("Second tenant", f"{second}/login")
    yield ""
    for seed in SEEDS:
        yield _row(f"{seed.slug.capitalize()} user", site.tenants[seed.slug].username)
        yield _row("  password", site.tenants[seed.slug].password)
    yield _row("Clients' secrets", str(FILE))


def _of_plugins(shown: ShownPlugins | None) -> Iterator[str]:
    if shown is None or not shown.folders:
        return
    yield ""
    yield _row("Plugins", ", ".join(shown.names))
    if shown.provider is not None:
        yield _row("Pretend provider", f"{shown.provider.issuer} (a browser warns of it:")
        yield _row("", "only this demo vouches for its certificate)")


def _row(label: str, value: str) -> str:
    return f"{label:<{_LABEL}}{value}"


def _command() -> str:
    """How this program was called, so that it can be called so again."""
    called = sys.argv[0]
    if shutil.which("authgate") == os.path.abspath(called):
        return "authgate"
    if Path(called).name == "authgate":
        return min(os.path.relpath(called), os.path.abspath(called), key=len)
    return "python -m authgate"
