"""Files of tests in another order: each has to hold whatever ran before it.

``--seed any`` takes them in an order of its own and says which; ``--seed 4711`` does so again.
Tests of one file stay in theirs, since they may share what is dear to make.
"""

import random

import pytest
from xdist.workermanage import WorkerController

_ANY = "any"
_TOLD = "authgate_seed"
_MOST = 1_000_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the seed."""
    parser.addoption("--seed", metavar="NUMBER", help="shuffle the files by it; any: by a new one")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Decide once, for all processes."""
    if hasattr(config, "workerinput"):
        config.option.seed = config.workerinput[_TOLD]
    elif config.option.seed == _ANY:
        config.option.seed = str(random.randrange(_MOST))  # noqa: S311 - an order, no secret


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell each of them."""
    node.workerinput[_TOLD] = node.config.option.seed


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how to have the same order again."""
    return f"order of files: --seed {config.option.seed}" if config.option.seed else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle the files; what has to come first or last is moved there afterwards."""
    if config.option.seed is None:
        return
    files = list(dict.fromkeys(item.path for item in items))
    random.Random(config.option.seed).shuffle(files)  # noqa: S311 - as above
    place = {file: number for number, file in enumerate(files)}
    items.sort(key=lambda item: place[item.path])
