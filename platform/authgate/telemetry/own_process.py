"""A process' use of the machine, under the names that every client of Prometheus gives it.

Prometheus' own reads it for one process only; here several answer together. Processor time is
counted, so that what ended processes have used stays in the sum; the rest is a level.
"""

import os
import resource
import time
from pathlib import Path

from authgate.telemetry.families import Count, Level

_PAGE_BYTES = resource.getpagesize()
_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")


_processor = Count("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")
_memory = Level(
    "process_resident_memory_bytes", "Resident memory size in bytes.", together="livesum"
)
_descriptors = Level("process_open_fds", "Number of open file descriptors.", together="livemax")
_most_descriptors = Level(
    "process_max_fds", "Maximum number of open file descriptors.", together="livemin"
)
_started = Level(
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
    together="livemin",
)


class OwnProcess:
    """Reads this process' use of the machine."""

    def __init__(self) -> None:
        self._used = 0.0
        _started.set(time.time())

    def read(self) -> None:
        """Look once."""
        used = time.process_time()
        _processor.add(by=used - self._used)
        self._used = used
        _most_descriptors.set(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        if _STATM.exists():  # on Linux
            _memory.set(int(_STATM.read_text().split()[1]) * _PAGE_BYTES)
            _descriptors.set(len(os.listdir(_DESCRIPTORS)))
