"""Where several server processes keep their measurements, so that any of them can tell all.

Imports nothing that measures: the folder has to be named before that is loaded.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_OF_THE_LIVING = re.compile(r"gauge_live[a-z]+_(\d+)\.db")


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A new folder, named in the environment of the processes started inside of the block.

    New each time: what a former run has counted would be counted again.
    """
    with TemporaryDirectory(prefix="authgate-metrics-") as folder:
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before


def forget_the_dead() -> None:
    """Remove the levels of processes that have ended; what they counted stays counted."""
    for file in Path(os.environ[VARIABLE]).iterdir():
        owner = _OF_THE_LIVING.fullmatch(file.name)
        if owner is not None and not _is_alive(int(owner[1])):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
