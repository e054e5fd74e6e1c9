"""What a request costs, counted in instructions, so that no clock and no neighbour has a say."""

import json
import os
import signal
from collections.abc import Iterator

import pytest
from bench import bytecodes, callgrind, counting, growth, instructions
from bench.authgate_server import Installation, set_up
from bench.bytecodes import TRACED
from bench.callgrind import SLOWED, CountedServer
from bench.instructions import Ceilings, Count
from bench.scenario import WrongAnswer
from bench.scenarios import HOT
from bench.scenarios.metadata import Jwks
from bench.servers import tail
from bench.site import Site

_BECOMES_SLOWER = """
import signal
from authgate.tokens.keys import SigningKeys
from {module} import app

_as_it_is = SigningKeys.jwks

async def slower(self):
    for number in range(300):
        abs(number)
    return await _as_it_is(self)

signal.signal(signal.SIGRTMIN, lambda *_: setattr(SigningKeys, "jwks", slower))
"""
"""An application whose JWKS endpoint becomes dearer once its process gets a signal."""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with counting.installed() as place:
        yield place


@pytest.fixture(scope="module")
def site(installation: Installation) -> Site:
    return set_up(installation)


def _becoming_slower(installation: Installation, app: str) -> str:
    """The application *app*, which becomes slower once it is told to; its module lies beside the
    installation's files."""
    module = app.partition(":")[0]
    name = f"becoming_slower_{module.rpartition('.')[2]}"
    (installation.directory / f"{name}.py").write_text(_BECOMES_SLOWER.format(module=module))
    return f"{name}:app"


def test_the_function_that_became_slower_is_named(installation: Installation, site: Site) -> None:
    # Before the server of the tests below, which takes the port and stays.
    place = installation.finding(installation.directory)
    with bytecodes.traced(place, app=_becoming_slower(installation, TRACED)) as server:
        before = growth.executed(server, site, Jwks())
        os.kill(server.pid, signal.SIGRTMIN)
        now = growth.executed(server, site, Jwks())
    # Whoever calls it grew with it, and by more where something was read anew meanwhile.
    changed = growth.most_changed(now, before)
    assert any(each.endswith(":slower") for each in changed)


@pytest.fixture(scope="module")
def server(installation: Installation, site: Site) -> Iterator[CountedServer]:
    assert site.issuer  # there is something to serve
    place = installation.finding(installation.directory)
    with callgrind.counted(place, app=_becoming_slower(installation, SLOWED)) as server:
        yield server


@pytest.fixture(scope="module")
def counts(server: CountedServer, site: Site, installation: Installation) -> list[Count]:
    try:
        return instructions.count(server, site, HOT, print)
    except WrongAnswer as wrong:
        wrong.add_note(tail(installation.directory / "server.log", 60))
        raise


def test_no_hot_endpoint_costs_more_than_it_did(counts: list[Count]) -> None:
    limits = instructions.ceilings(instructions.this_build(), callgrind.cost_of_calibration)
    assert instructions.too_slow(counts, limits) == []


def test_nothing_is_counted_but_requests(counts: list[Count], installation: Installation) -> None:
    assert counts  # long enough for a job to come due
    log = (installation.directory / "server.log").read_text()
    assert {json.loads(line)["event"] for line in log.splitlines() if line[0] == "{"} == {"request"}


def test_a_handler_that_became_slower_is_noticed(
    server: CountedServer, site: Site, counts: list[Count]
) -> None:
    as_it_was = Ceilings(1, {each.scenario: each.instructions for each in counts})
    os.kill(server.pid, signal.SIGRTMIN)
    now = instructions.count(server, site, [Jwks()], print)
    assert [fault.split(":")[0] for fault in instructions.too_slow(now, as_it_was)] == ["JWKS"]


def test_another_build_of_python_is_held_to_an_estimate() -> None:
    known = Ceilings(100, {"JWKS": 1000})
    assert known.estimated(100).instructions == {"JWKS": 1000}
    assert 1000 < known.estimated(120).limit("JWKS") < 2 * known.limit("JWKS")
    assert known.estimated(80).instructions["JWKS"] < 1000
