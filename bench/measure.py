"""Measuring rivals in turn, so that a noisy machine is noisy for all of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from bench.exchange import Request
from bench.load import Load, Volley, drive
from bench.rivals import Rival
from bench.scenarios import Scenario, WrongAnswer

# Beyond this the generator sets the pace, and the figures are its own.
_GENERATOR_LIMIT = 0.9
_WARM_UP_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often."""

    seconds: int
    rounds: int
    connections: int
    load_core: int

    def volley(self, seconds: int) -> Volley:
        """A volley of *seconds* at this plan's strength."""
        return Volley(seconds=seconds, connections=self.connections, core=self.load_core)


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed volley; CPU in seconds, of the server and of its database."""

    load: Load
    server_cpu: float
    database_cpu: float

    @property
    def per_cpu_second(self) -> float:
        """Requests per second of server CPU: the figure that noise moves least."""
        return self.load.requests / self.server_cpu


@dataclass(frozen=True, slots=True)
class Result:
    """All rounds of one rival in one scenario; `failure` says why they must not be used."""

    scenario: str
    rival: str
    samples: tuple[Sample, ...]
    failure: str = ""

    def middle(self, figure: Callable[[Sample], float]) -> float:
        """The median of *figure* over the rounds."""
        return median(map(figure, self.samples))


def compare(
    scenario: Scenario, rivals: Sequence[Rival], plan: Plan, say: Callable[[str], None]
) -> list[Result]:
    """Measure *rivals* in *scenario*, each once a round, checked before and after."""
    trials = [_Trial(scenario, rival) for rival in rivals]
    for trial in trials:
        trial.prepare(plan)
    for number in range(plan.rounds):
        # Back and forth: a drift of the machine falls on first and last alike.
        for trial in trials if number % 2 == 0 else reversed(trials):
            trial.measure(plan)
        say(f"{scenario.name}: round {number + 1} of {plan.rounds}")
    for trial in trials:
        trial.check()
    return [trial.result() for trial in trials]


class _Trial:
    """One rival in one scenario; the first fault ends it without ending the others."""

    def __init__(self, scenario: Scenario, rival: Rival) -> None:
        self._scenario = scenario
        self._rival = rival
        self._requests: tuple[Request, ...] = ()
        self._samples: list[Sample] = []
        self._failure = ""

    def prepare(self, plan: Plan) -> None:
        """Make the requests, check the answers, warm up."""
        with self._fault_noted():
            self._requests = self._scenario.requests(self._rival.site)
            self._scenario.check(self._rival.site, self._requests)
            self._warm_up(plan)

    def check(self) -> None:
        """Look at two answers thoroughly."""
        if not self._failure:
            with self._fault_noted():
                self._scenario.check(self._rival.site, self._requests)

    def measure(self, plan: Plan) -> None:
        """One timed volley."""
        if self._failure:
            return
        stored, before = self._stored_tokens(), self._cpu()
        load = drive(self._requests, self._scenario.expectation, plan.volley(plan.seconds))
        server, database = (after - start for after, start in zip(self._cpu(), before, strict=True))
        self._samples.append(Sample(load, server, database))
        self._failure = _fault(load)
        if self._stored_tokens() - stored < load.requests and self._claims_to_store:
            self._failure = "answered before the token was stored"

    def result(self) -> Result:
        """What was found."""
        return Result(self._scenario.name, self._rival.name, tuple(self._samples), self._failure)

    def _warm_up(self, plan: Plan) -> None:
        """Load it, for compilers and caches, until it has had its time on the processor."""
        enough = self._rival.server.seconds() + self._rival.warm_cpu_seconds
        for _ in range(_WARM_UP_LIMIT):
            drive(self._requests, self._scenario.expectation, plan.volley(1))
            if self._rival.server.seconds() >= enough:
                return

    @contextmanager
    def _fault_noted(self) -> Iterator[None]:
        try:
            yield
        except (WrongAnswer, OSError, LookupError, ValueError) as fault:
            self._failure = f"{type(fault).__name__}: {fault}"

    @property
    def _claims_to_store(self) -> bool:
        return self._scenario.makes_tokens and self._rival.stored_tokens is not None

    def _stored_tokens(self) -> int:
        count = self._rival.stored_tokens
        return count() if count and self._claims_to_store else 0

    def _cpu(self) -> tuple[float, float]:
        database = self._rival.database
        return self._rival.server.seconds(), database.seconds() if database else 0.0


def _fault(load: Load) -> str:
    if load.wrong or load.broken:
        return f"{load.wrong} wrong, {load.broken} broken: {load.wrong_example}"
    if load.generator_busy > _GENERATOR_LIMIT:
        return f"the load generator was busy {load.generator_busy:.0%} of the time"
    return ""
