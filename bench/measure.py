"""Measuring rivals in turn, so that a noisy machine is noisy for all of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median

from bench.exchange import Request
from bench.load import Load, Volley, drive
from bench.rivals import Rival
from bench.scenario import Scenario, WrongAnswer

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
    at_half_load: bool = False

    def volley(self, scenario: Scenario, *, think_milliseconds: float = 0) -> Volley:
        """A volley at this plan's strength, or at what the scenario bears."""
        return Volley(
            seconds=self.seconds,
            connections=scenario.connections or self.connections,
            core=self.load_core,
            once=scenario.single_use,
            think_milliseconds=think_milliseconds,
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed volley; CPU in seconds, of the server and of its database; memory after it."""

    load: Load
    server_cpu: float
    database_cpu: float
    resident_bytes: int

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
    at_half_load: Load | None = None
    """What half of its throughput met, sent by people who arrive independently."""
    failure: str = ""

    @property
    def complaint(self) -> str:
        """Whose result must not be used, and why."""
        return f"{self.scenario} / {self.rival}: {self.failure}" if self.failure else ""

    def middle(self, figure: Callable[[Sample], float]) -> float:
        """The median of *figure* over the rounds."""
        return median(map(figure, self.samples))

    def ratio(self, other: "Result", figure: Callable[[Sample], float]) -> float:
        """How many times *other*'s *figure* this one's is, round by round."""
        return median(self.ratios(other, figure))

    def ratios(self, other: "Result", figure: Callable[[Sample], float]) -> list[float]:
        """The same of each round."""
        pairs = zip(self.samples, other.samples, strict=True)
        return [figure(ours) / figure(theirs) for ours, theirs in pairs]


def compare(
    scenario: Scenario, rivals: Sequence[Rival], plan: Plan, say: Callable[[str], None]
) -> list[Result]:
    """Measure *rivals* in *scenario*, each once a round, checked before and after."""
    trials = [_Trial(scenario, each) for each in rivals if scenario.is_offered_by(each.site)]
    for trial in trials:
        trial.prepare(plan)
    for number in range(plan.rounds):
        # Back and forth: a drift of the machine falls on first and last alike.
        for trial in trials if number % 2 == 0 else reversed(trials):
            trial.measure(plan)
        say(f"{scenario.name}: round {number + 1} of {plan.rounds}")
    for trial in trials:
        if plan.at_half_load:
            trial.measure_at_half_load(plan)
        trial.check()
    return [trial.result() for trial in trials]


class _Trial:
    """One rival in one scenario; the first fault ends it without ending the others."""

    def __init__(self, scenario: Scenario, rival: Rival) -> None:
        self._scenario = scenario
        self._rival = rival
        self._requests: tuple[Request, ...] = ()
        self._samples: list[Sample] = []
        self._at_half_load: Load | None = None
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
                self._scenario.check(self._rival.site, self._unused())

    def measure(self, plan: Plan) -> None:
        """One timed volley."""
        if self._failure:
            return
        with self._fault_noted():
            requests = self._unused()
            stored, before = self._stored_tokens(), self._cpu()
            load = self._drive(requests, plan.volley(self._scenario))
            server, database = (
                after - start for after, start in zip(self._cpu(), before, strict=True)
            )
            memory = self._rival.server.resident_bytes()
            self._samples.append(Sample(load, server, database, memory))
            self._failure = _fault(load)
            if self._stored_tokens() - stored < load.requests and self._claims_to_store:
                self._failure = "answered before the token was stored"

    def measure_at_half_load(self, plan: Plan) -> None:
        """One more volley, from people who think."""
        if self._failure or self._scenario.single_use:
            return
        loads = [sample.load for sample in self._samples]
        volley = plan.volley(
            self._scenario, think_milliseconds=_thinking_time(loads, plan.volley(self._scenario))
        )
        self._at_half_load = self._drive(self._requests, volley)
        self._failure = _fault(self._at_half_load)

    def result(self) -> Result:
        """What was found."""
        return Result(
            self._scenario.name,
            self._rival.name,
            tuple(self._samples),
            self._at_half_load,
            self._failure,
        )

    def _warm_up(self, plan: Plan) -> None:
        """Load it, for compilers and caches, until it has had its time on the processor."""
        enough = self._rival.server.seconds() + self._rival.warm_cpu_seconds
        for _ in range(_WARM_UP_LIMIT):
            self._drive(self._unused(), replace(plan.volley(self._scenario), seconds=1))
            if self._rival.server.seconds() >= enough:
                return

    def _drive(self, requests: Sequence[Request], volley: Volley) -> Load:
        return drive(requests, self._scenario.expectation, volley)

    def _unused(self) -> tuple[Request, ...]:
        if self._scenario.single_use:
            self._requests = self._scenario.requests(self._rival.site)
        return self._requests

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


def _thinking_time(loads: Sequence[Load], volley: Volley) -> float:
    """What a connection must wait so that all of them ask half as often as they could."""
    throughput = median(load.requests_per_second for load in loads)
    between = volley.connections / (throughput / 2) * 1000
    # An answer takes part of that time; without a queue it takes about its time on the processor.
    return max(0.0, between - 1000 / throughput)


def _fault(load: Load) -> str:
    if load.wrong or load.broken:
        return f"{load.wrong} wrong, {load.broken} broken: {load.wrong_example}"
    if load.generator_busy > _GENERATOR_LIMIT:
        return f"the load generator was busy {load.generator_busy:.0%} of the time"
    return ""
