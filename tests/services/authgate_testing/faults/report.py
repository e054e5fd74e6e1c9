"""How long servers are put under fire, and what the run says of it in the end."""

from collections.abc import Callable

import pytest

_PROPERTY = "faults"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--rounds``: how often faults, rolling restarts and races are repeated."""
    parser.addoption(
        "--rounds",
        type=int,
        default=1,
        help="Rounds of faults (31 each), rolling restarts (6) and races (5), default: %(default)s",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each round is a test of its own, whose number seeds whatever happens in it."""
    if "seed" in metafunc.fixturenames:
        rounds: int = metafunc.config.getoption("rounds")
        metafunc.parametrize("seed", range(1, rounds + 1))


@pytest.fixture
def said(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Write a line into the summary of the run."""

    def say(line: str) -> None:
        record_property(_PROPERTY, line)

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests of faults have said, above the closing line."""
    lines = [
        line
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if isinstance(report, pytest.TestReport)
        for name, line in report.user_properties
        if name == _PROPERTY
    ]
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(str(line))
