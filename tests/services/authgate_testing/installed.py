"""An installation of which every part is a process of its own, as its operators have it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from authgate_testing.readiness import is_ready

_PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Installed:
    """An installation, by its settings."""

    folder: Path
    variables: dict[str, str]
    owners: dict[str, str] = field(default_factory=dict)
    """What the migration gets beside them."""

    programs: tuple[str, ...] = ("serve",)

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        given = self.variables | (self.owners if words[0] == "migrate" else {})
        command = [sys.executable, "-m", "authgate", *words]
        return subprocess.run(
            command, env=environment(given), cwd=self.folder, input=stdin, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    @contextmanager
    def running(self, program: str) -> Iterator[None]:
        """Run a program until the block ends."""
        command = [sys.executable, "-m", "authgate", program]
        with (self.folder / f"{program}.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=environment(self.variables), cwd=self.folder, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(30) == 0

    def answers(self) -> None:
        """Wait until its server is ready."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not is_ready(self.variables["BASE_URL"]):
            assert time.monotonic() < until, (self.folder / "serve.log").read_text()
            time.sleep(0.05)

    def becomes_well(self) -> str:
        """Wait until the doctor finds nothing, not even a warning; what it says."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while (ended := self.run("doctor", "--strict")).returncode:
            assert time.monotonic() < until, ended.stdout + ended.stderr
        return ended.stdout


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Settings by their names, and others by theirs, as a process gets them."""
    rest = {name: value for name, value in variables.items() if name.startswith("SSL_")}
    own = {f"AUTHGATE_{name}": value for name, value in variables.items() if name not in rest}
    return {"PATH": os.environ["PATH"], **own, **rest}
