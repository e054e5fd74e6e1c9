"""A worker that answers nobody is noticed, although the others of its host answer in its place."""

from authgate_testing.faults.deployment import deployed
from authgate_testing.faults.history import History
from authgate_testing.faults.nemesis import Nemesis
from authgate_testing.faults.site import Site

_STUCK_SECONDS = 2.0


async def test_a_build_whose_worker_sticks_once_it_stood_still_is_caught(
    site: Site, history: History
) -> None:
    program = "authgate_testing.faults.broken sticks"
    async with deployed(site, "uvicorn", program=program) as deployment:
        nemesis = Nemesis(deployment, history, seed=1)
        await nemesis.hear_all()
        with deployment.hosts[0].worker_stopped():
            pass
        nemesis.never_seconds = _STUCK_SECONDS
        await nemesis.hear_all()
        await nemesis.close()
    assert [each.is_well for each in nemesis.recoveries] == [True, False]
