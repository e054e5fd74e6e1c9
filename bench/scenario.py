"""A scenario: what is asked of every rival, and what a right answer looks like."""

from abc import ABC, abstractmethod
from typing import ClassVar

from bench.exchange import Reply, Request, send
from bench.load import Expectation
from bench.site import Site

SCOPE = "read"
"""What machines and devices ask for."""


class WrongAnswer(Exception):
    """A rival answered something else than the standard says: its figures mean nothing."""


class Scenario(ABC):
    """One kind of request, sent many times."""

    name: ClassVar[str]
    expectation: ClassVar[Expectation]
    needs: ClassVar[tuple[str, ...]]
    """The endpoints without which a rival is left out."""
    makes_tokens: ClassVar[bool] = False
    single_use: ClassVar[bool] = False
    """Whether a request can be answered well only once: each volley needs others."""
    connections: ClassVar[int | None] = None
    """How many at a time, where it must be fewer than the plan says."""

    @abstractmethod
    def requests(self, site: Site) -> tuple[Request, ...]:
        """The requests to repeat; state they need is made here, outside of the timing."""

    @abstractmethod
    def judge(self, site: Site, replies: list[Reply]) -> None:
        """Raise `WrongAnswer` unless two successive *replies* are what was asked for."""

    def is_offered_by(self, site: Site) -> bool:
        """Whether a rival has what this asks for."""
        return all(map(site.offers, self.needs))

    def check(self, site: Site, requests: tuple[Request, ...]) -> None:
        """Ask twice, thoroughly: what the load generator is too busy to look at."""
        asked = requests[:2] if self.single_use else (requests[0], requests[0])
        replies = [send(each) for each in asked]
        for reply in replies:
            if reply.status != self.expectation.status:
                raise WrongAnswer(f"{self.name}: {reply.status} {reply.body[:200]!r}")
        self.judge(site, replies)

    def require(self, holds: bool, what: str) -> None:
        """Raise `WrongAnswer` saying *what* should hold."""
        if not holds:
            raise WrongAnswer(f"{self.name}: expected {what}")
