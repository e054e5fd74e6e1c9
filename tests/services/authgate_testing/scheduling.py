"""Which tests run beside which, where pytest-xdist runs them in several processes.

A process takes one file after the other (``--dist loadfile``). What compares how long requests take
comes last, when the other processes have ended: on a machine that does something else besides, it
would fail for that. The longest files come first, so that no process is left with one of them while
the others have nothing to do; of some folders one process takes all files.
"""

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

_ALONE = ("tests/web/test_noisy_neighbours.py",)
_TOGETHER = ("tests/faults/",)
"""Folders whose files one process takes: what their tests stand on is dear to make."""
_LONGEST = (
    "tests/tenants/test_isolation_matrix.py",
    "tests/pages/test_pages_in_browser.py",
    "tests/bench/test_instructions.py",
    "tests/faults/",
    "tests/races/",
    "tests/clients/",
    "tests/browser/",
    "tests/serving/",
    "tests/deploy/test_deployed.py",
    "tests/admin/test_generated_calls.py",
    "tests/web/test_generated_forms.py",
    "tests/live/test_at_servers.py",
    "tests/workers/",
    "tests/architecture/test_wheel.py",
    "tests/storage/test_migration_states.py",
    "tests/cli/test_migrate.py",
    "tests/cli/test_demo.py",
    "tests/cli/doctor/test_whole_installations.py",
    "tests/telemetry/test_processes.py",
)
"""In this order, by the seconds that they take. Who has recovered too late while the types of all
code are checked beside it proves nothing: faults come when that is done."""
_LAST = "alone"


def _is_alone(node_id: str) -> bool:
    return node_id.startswith(_ALONE)


def _place(node_id: str) -> int:
    found = (place for place, each in enumerate(_LONGEST) if node_id.startswith(each))
    return next(found, len(_LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the longest files to the beginning, and what has to be alone to the end."""
    items.sort(key=lambda item: (_is_alone(item.nodeid), _place(item.nodeid)))


class OneFileAfterTheOther(LoadFileScheduling):
    """Gives files to whoever is free, and in the end the rest to the one that is left."""

    def _split_scope(self, nodeid: str) -> str:
        if _is_alone(nodeid):
            return _LAST
        folders = (each for each in _TOGETHER if nodeid.startswith(each))
        return next(folders, None) or super()._split_scope(nodeid)

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
