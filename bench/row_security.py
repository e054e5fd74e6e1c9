"""What row-level security costs: the same server with the walls up and with the walls down.

A second server with the walls up is the control: what it seems to cost is noise.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

from bench import report
from bench.authgate_server import authgate, database_of
from bench.machine import Cores
from bench.measure import Plan, Result, Sample, compare
from bench.postgres import Cluster
from bench.scenario import Scenario

UP, CONTROL, DOWN = "walls up", "walls up again", "walls down"

# The server refuses to start without its walls, so they are taken from under it as it runs.
_TAKE_DOWN = """
DO $$ DECLARE walled regclass; BEGIN
  FOR walled IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', walled);
  END LOOP;
END $$
"""


def measure(
    scenarios: Sequence[Scenario],
    plan: Plan,
    *,
    cluster: Cluster,
    directory: Path,
    cores: Cores,
    say: Callable[[str], None],
) -> list[Result]:
    """Compare the three servers in each of *scenarios*."""
    with ExitStack() as stack:
        rivals = [
            stack.enter_context(authgate(name, "uvicorn", directory, cores, cluster))
            for name in (UP, DOWN, CONTROL)
        ]
        cluster.execute(_TAKE_DOWN, database=database_of(DOWN))
        return [result for each in scenarios for result in compare(each, rivals, plan, say)]


def table(results: Sequence[Result]) -> str:
    """The cost in each scenario, as walls up to walls down, beside what noise alone does."""
    found = {(result.scenario, result.rival): result for result in results}
    lines = []
    for scenario in dict.fromkeys(result.scenario for result in results):
        up, control, down = (found[scenario, name] for name in (UP, CONTROL, DOWN))
        lines += [
            _line(scenario, "p50", up, control, down, lambda sample: sample.load.p50),
            _line(scenario, "server CPU/req", up, control, down, _server_cpu),
            _line(scenario, "database CPU/req", up, control, down, _database_cpu),
        ]
    head = ("scenario", "figure", "walls up / walls down", "noise (walls up / walls up)")
    return report.table(head, lines)


def _line(
    scenario: str,
    name: str,
    up: Result,
    control: Result,
    down: Result,
    figure: Callable[[Sample], float],
) -> tuple[str, ...]:
    if any(result.failure for result in (up, control, down)):
        return (scenario, name, "failed", "")
    return (scenario, name, _ratio(up, down, figure), _ratio(up, control, figure))


def _ratio(one: Result, other: Result, figure: Callable[[Sample], float]) -> str:
    """The median of the rounds' ratios, and the middle half of them."""
    low, middle, high = quantiles(one.ratios(other, figure), n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _server_cpu(sample: Sample) -> float:
    return sample.server_cpu / sample.load.requests


def _database_cpu(sample: Sample) -> float:
    return sample.database_cpu / sample.load.requests
