"""Fails the test in which a secret turns up where it must not, and never says which secret.

What was issued in one test and is read in another, in either order, is found at the end of the run.
"""

from collections.abc import Generator, Sequence

import pytest
from xdist.workermanage import WorkerController

from authgate_testing.secrets_watch import sources
from authgate_testing.secrets_watch.places import PLACES
from authgate_testing.secrets_watch.watch import WATCH, Leak, total

_OUTPUT = "secrets_watch"
_PATCHES = pytest.StashKey[pytest.MonkeyPatch]()


class SecretsLeaked(AssertionError):
    """Secrets are where they must not be."""

    def __init__(self, leaks: Sequence[Leak]) -> None:
        super().__init__("\n".join(["secrets were read:", *map(str, leaks)]))


def pytest_configure(config: pytest.Config) -> None:
    """Note and read from now on."""
    config.stash[_PATCHES] = patch = pytest.MonkeyPatch()
    sources.install(patch, WATCH)
    PLACES.install(patch)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave everything as it was."""
    config.stash[_PATCHES].undo()
    PLACES.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Whatever is noted and read now is this test's."""
    WATCH.test = item.nodeid
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """Look once the test's own services have ended; once more at the end of the run."""
    yield
    for _, stream, text in item._report_sections:
        if stream == "stderr":
            WATCH.read("log: standard error", text)
    PLACES.catch_up()
    if nextitem is None:
        PLACES.read_own_measurements()
    leaks = WATCH.leaks()
    if nextitem is None:
        leaks += WATCH.all_leaks()
    if leaks:
        item._report_sections.clear()  # they hold what must not be shown
        raise SecretsLeaked(leaks)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints the summary, where that is another one."""
    told: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told[_OUTPUT] = (WATCH.counts, WATCH.lines, WATCH.seconds)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Hear what a process has watched that has ended in order."""
    if _OUTPUT in (told := getattr(node, "workeroutput", {})):
        WATCH.include(*told[_OUTPUT])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was watched."""
    if WATCH.counts:
        terminalreporter.section("secrets watch")
        terminalreporter.write_line(
            f"{sum(WATCH.counts.values()):,} secrets, {sum(WATCH.lines.values()):,} lines read "
            f"({total(WATCH.lines)}) in {WATCH.seconds:.1f} s"
        )
