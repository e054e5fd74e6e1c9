"""A run ends by the time that it is given, and names the tests that it ends.

Whoever gives a run so many minutes ends it after them, and learns nothing of what it waited for.
Here that is a failure of the tests that had not ended, beside those that failed before.
"""

import _thread
import threading
import time

import pytest

_OPTION = "--end-by"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the time."""
    parser.addoption(
        _OPTION,
        type=float,
        metavar="SECONDS",
        help="end a run of several processes at this Unix time",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch, where this process hands out the tests."""
    end = config.getoption(_OPTION)
    hands_out = config.getoption("dist") != "no" and not hasattr(config, "workerinput")
    if end is not None and hands_out:
        config.pluginmanager.register(Deadline(config, end))


class Deadline:
    """Knows what runs, and ends it."""

    def __init__(self, config: pytest.Config, end: float) -> None:
        self._config = config
        self._began: dict[str, float] = {}
        self._timer = threading.Timer(max(0.0, end - time.time()), self._end)
        self._timer.daemon = True

    def pytest_sessionstart(self) -> None:
        """Time passes."""
        self._timer.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A process has begun a test."""
        self._began[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """It has ended it."""
        self._began.pop(nodeid, None)

    def pytest_sessionfinish(self) -> None:
        """All is over in time."""
        self._timer.cancel()

    def _end(self) -> None:
        for test, began in list(self._began.items()):
            self._config.hook.pytest_runtest_logreport(report=_late(test, time.monotonic() - began))
        _thread.interrupt_main()


def _late(test: str, seconds: float) -> pytest.TestReport:
    file = test.partition("::")[0]
    return pytest.TestReport(
        nodeid=test,
        location=(file, None, file),
        keywords={},
        outcome="failed",
        longrepr=f"still ran after {seconds:.0f} s, when the time of the whole run was up",
        when="call",
    )
