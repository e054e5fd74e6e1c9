"""Every worker is replaced under load, over and over, and no request fails: fault F20."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from authgate_testing.faults.deployment import Deployment
from authgate_testing.faults.history import History
from authgate_testing.faults.host import Host
from authgate_testing.faults.load import Steady, crowd
from authgate_testing.faults.nemesis import START_SECONDS

RESTARTS = 3  # of each host, of which there are two


async def _roll(host: Host) -> None:
    await host.comes_to(lambda: host.is_whole, within=START_SECONDS)
    workers, former = len(host.workers()), set(host.started())
    for _ in range(RESTARTS):
        await host.roll()
    await host.comes_to(lambda: host.is_whole, within=START_SECONDS)
    assert len(set(host.started()) - former) == RESTARTS * workers
    assert former.isdisjoint(host.workers())


async def test_rolling_restarts_lose_no_request(
    deployment: Deployment, history: History, said: Callable[[str], None], seed: int
) -> None:
    households = deployment.site.households
    began = time.monotonic()
    async with crowd(history, deployment.hosts, households, [Steady] * 3, seed=seed):
        await asyncio.gather(*(_roll(host) for host in deployment.hosts))
    seconds = time.monotonic() - began
    failed = [str(call) for call in history.calls if not call.succeeded]
    said(
        f"round {seed}: {RESTARTS * len(deployment.hosts)} rolling restarts in {seconds:.0f} s;"
        f" {len(history.calls)} requests, {len(failed)} failed"
    )
    assert not failed
    connections = Counter((call.host, call.kept) for call in history.calls)
    assert len(connections) == 2 * len(deployment.hosts)
    assert min(connections.values()) > 50, connections
    violations = await deployment.violations(history)
    assert not violations, deployment.explained(violations)
