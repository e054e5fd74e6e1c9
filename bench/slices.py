"""A neighbour's time in slices: without what somebody else does, beside it, and without again."""

from dataclasses import dataclass

from bench.load import Load


@dataclass(frozen=True, slots=True)
class Round:
    """Three of them, the middle one beside it."""

    before: Load
    beside: Load
    after: Load

    @property
    def ratio(self) -> float:
        """How many times its p99 without it the neighbour's is beside it."""
        return 2 * self.beside.p99 / (self.before.p99 + self.after.p99)

    @property
    def noise(self) -> float:
        """The same of two slices without it."""
        return self.after.p99 / self.before.p99

    @property
    def wrong(self) -> int:
        """Answers to the neighbour that were wrong, or none."""
        return sum(load.wrong + load.broken for load in (self.before, self.beside, self.after))
