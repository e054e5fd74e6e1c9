"""The wall clock of a program, which jumps while it runs; what measures how long goes on as it was.

The program is written in Python and asks Python what time it is: so do Celery, its transports and
we. (libfaketime breaks ``time.sleep`` of Python 3.11.)
"""

import datetime
import importlib
import sys
import time
from pathlib import Path
from typing import Any, Final

_ASKING = ("authgate", "authgate_workers", "celery", "kombu", "billiard")
_MODULES = ("authgate_workers.run", "celery.beat", "celery.apps.worker", "kombu.transport.redis")


class JumpingClock:
    """What programs believe to be the time, by how many seconds it is wrong."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    def jump(self, seconds: float) -> None:
        """Be wrong by so much from now on."""
        self._file.write_text(str(seconds))

    @property
    def beforehand(self) -> str:
        """What a program begins with that goes by this clock."""
        folder = str(Path(__file__).parent.parent)
        return (
            f"import sys; sys.path.append({folder!r});"
            " from authgate_testing import jumping_clock;"
            f" jumping_clock.follow({str(self._file)!r}); "
        )


class _Any(type):
    def __instancecheck__(cls, each: object) -> bool:
        return isinstance(each, _TRUE_DATETIME)


_TRUE_TIME = time.time
_TRUE_DATETIME: Final = datetime.datetime
_told: list[Path] = []


class _Datetime(datetime.datetime, metaclass=_Any):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _TRUE_DATETIME.now(tz) + datetime.timedelta(seconds=_wrong_by())


def follow(file: str) -> None:
    """Have this program go by the clock."""
    for each in _MODULES:
        importlib.import_module(each)
    _told.append(Path(file))
    time.time = _time
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _ASKING:
            for attribute, value in list(vars(module).items()):
                if value is _TRUE_TIME:
                    setattr(module, attribute, _time)
                elif value is _TRUE_DATETIME:
                    setattr(module, attribute, _Datetime)


def _time() -> float:
    return _TRUE_TIME() + _wrong_by()


def _wrong_by() -> float:
    return float(_told[-1].read_text() or 0)
