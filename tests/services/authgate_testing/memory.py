"""Databases and files of tests lie in memory, where there is room for them.

Nothing that a test proves needs a disk: who is killed here is a process, and what it has written
outlives it either way. A disk only takes time, most of it for the making and dropping of databases.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the run's own is made in it
_ROOM_BYTES = 4 * 1024**3
"""Several times what the whole suite fills at once."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Make temporary folders there, unless ``TMPDIR`` says where."""
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        tempfile.tempdir = str(_MEMORY)


def _has_room(folder: Path) -> bool:
    return (
        folder.is_mount()
        and os.access(folder, os.W_OK)
        and shutil.disk_usage(folder).free > _ROOM_BYTES
    )
