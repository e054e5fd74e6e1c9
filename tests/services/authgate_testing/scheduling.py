"""Which tests run beside which, where pytest-xdist runs them in several processes.

A process takes one file after the other (``--dist loadfile``). What compares how long requests take
comes last, when the other processes have ended: on a machine that does something else besides, it
would fail for that. The longest files come first, so that no process is left with one of them while
the others have nothing to do.
"""

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

_ALONE = ("tests/web/test_noisy_neighbours.py",)
_LONGEST = (
    "tests/admin/test_generated_calls.py",
    "tests/architecture/test_wheel.py",
    "tests/bench/test_instructions.py",
    "tests/browser/",
    "tests/cli/doctor/test_whole_installations.py",
    "tests/cli/test_demo.py",
    "tests/clients/test_go_oidc.py",
    "tests/deploy/test_deployed.py",
    "tests/faults/",
    "tests/pages/test_pages_in_browser.py",
    "tests/races/",
    "tests/serving/",
    "tests/telemetry/test_processes.py",
    "tests/tenants/test_isolation_matrix.py",
    "tests/web/test_generated_forms.py",
    "tests/workers/",
)
_LAST = "alone"


def _is_alone(node_id: str) -> bool:
    return node_id.startswith(_ALONE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the longest files to the beginning, and what has to be alone to the end."""
    items.sort(key=lambda item: (_is_alone(item.nodeid), not item.nodeid.startswith(_LONGEST)))


class OneFileAfterTheOther(LoadFileScheduling):
    """Gives files to whoever is free, and in the end the rest to the one that is left."""

    def _split_scope(self, nodeid: str) -> str:
        return _LAST if _is_alone(nodeid) else super()._split_scope(nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        if list(self.workqueue) == [_LAST] and self._others(node):
            if self._pending_of(self.assigned_work[node]) <= 2:
                node.shutdown()
        else:
            super()._reschedule(node)

    def _others(self, node: WorkerController) -> Sequence[WorkerController]:
        return [each for each in self.nodes if each is not node and not each.shutting_down]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneFileAfterTheOther | None:
    """Schedule so where files are asked for."""
    if config.getoption("dist") != "loadfile":
        return None
    return OneFileAfterTheOther(config, log)  # type: ignore[arg-type]
