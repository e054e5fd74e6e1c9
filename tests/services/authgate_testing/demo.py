"""``authgate demo`` in a folder of its own, as a newcomer starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authgate.cli.demo.site import FILE, DemoSite
from authgate_testing.processes import free_port

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs."""

    folder: Path
    port: int
    banner: str

    @property
    def site(self) -> DemoSite:
        """What it remembers."""
        site = DemoSite.remembered(self.folder / FILE)
        assert site is not None
        return site


def run(folder: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as a newcomer types it."""
    return subprocess.run(
        [sys.executable, "-m", "authgate", *words],
        cwd=folder, env=environment(), input=stdin, capture_output=True, text=True,
        timeout=_SECONDS, check=False,
    )  # fmt: skip


def environment() -> dict[str, str]:
    """Nothing of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AUTHGATE_")}


@contextmanager
def demo_running(folder: Path) -> Iterator[Demo]:
    """Run a demo in an empty folder, on a port of its own, until it is told to stop."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "authgate", "demo", "--port", str(port)],
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        banner = ""
        for line in process.stdout:
            banner += line
            if line.startswith("Empty start:"):
                break
        assert "Empty start:" in banner, "the demo did not start"
        yield Demo(folder, port, banner)
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "✓ Create .authgate/authgate.db (SQLite, WAL)" in said
    assert "✓ Seed tenant northwind: 1 user, 2 clients" in said
