"""What a server used is found for all of its processes."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from bench.cpu import ProcessTree

_MEBIBYTE = 2**20
_CHILD = """
held = b"x" * (60 * 2**20)
spent = sum(range(5_000_000))
print("ready", flush=True)
input()
"""
_PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {_CHILD!r}])
"""


@pytest.fixture
def tree() -> Iterator[ProcessTree]:
    """A process that waits for another one, which has worked and holds memory."""
    command = [sys.executable, "-c", _PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield ProcessTree(process.pid)
        process.communicate(b"\n")


def test_the_work_of_a_servers_processes_counts(tree: ProcessTree) -> None:
    assert len(tree.pids()) == 2
    assert tree.seconds() > 0.05


def test_the_memory_of_a_servers_processes_counts(tree: ProcessTree) -> None:
    assert tree.largest_bytes() > 60 * _MEBIBYTE
    assert tree.resident_bytes() > tree.largest_bytes()


def test_what_has_ended_and_was_waited_for_still_counts() -> None:
    tree = ProcessTree(os.getpid())
    before = tree.seconds()
    work = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
    assert tree.seconds() - before > 0.1
