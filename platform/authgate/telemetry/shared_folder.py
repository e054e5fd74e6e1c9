"""Where several server processes keep their measurements, so that any of them can tell all.

Imports nothing that measures: the folder has to be named before that is loaded.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


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
