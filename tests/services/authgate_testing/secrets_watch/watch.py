"""What is secret in a run, what has been read, and where the one is in the other."""

import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from authgate_testing.secrets_watch.forms import WINDOW, marks, odd_places, runs

_PLAIN_WORD_BYTES = 15


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret that was read. What it is stays untold: this is shown."""

    kind: str
    issued_by: str
    """The test in which it was issued."""

    place: str
    read_by: str
    """The test in which it was read."""

    def __str__(self) -> str:
        return f"{self.kind} of {self.issued_by} in {self.place}, during {self.read_by}"


@dataclass(frozen=True, slots=True)
class _Secret:
    kind: str
    test: str


@dataclass(frozen=True, slots=True)
class _Reading:
    place: str
    test: str
    packed: bytes


class _Index:
    """Secrets by the first bytes of what gives them away; the few made of short words as such."""

    def __init__(self) -> None:
        self._by_window: dict[bytes, list[tuple[bytes, _Secret]]] = {}
        self._of_words: list[tuple[bytes, _Secret]] = []
        self._odd: dict[bytes, list[tuple[int, bytes, _Secret]]] = {}
        """Those of any bytes, by what begins with their first odd one, which is so far in."""

    def add(self, value: bytes, secret: _Secret) -> None:
        for mark in marks(value):
            self._by_window.setdefault(mark[:WINDOW], []).append((mark, secret))
        if runs(value):
            return
        at = next(odd_places(value), len(value))
        if len(window := value[at : at + WINDOW]) < WINDOW:
            self._of_words.append((value, secret))
        else:
            self._odd.setdefault(window, []).append((at, value, secret))

    @property
    def has_words(self) -> bool:
        return bool(self._of_words or self._odd)

    def of_words(self, text: bytes) -> Iterator[_Secret]:
        yield from (secret for words, secret in self._of_words if words in text)
        for at in odd_places(text) if self._odd else ():
            for before, value, secret in self._odd.get(text[at : at + WINDOW], ()):
                if at >= before and text.startswith(value, at - before):
                    yield secret

    def of_runs(self, several: Iterable[bytes]) -> Iterator[tuple[bytes, _Secret]]:
        """Of each run what is in it, beside the run."""
        known = self._by_window
        for run in several if known else ():
            for at in range(len(run) - WINDOW + 1):
                if (candidates := known.get(run[at : at + WINDOW])) is not None:
                    for mark, secret in candidates:
                        if run.startswith(mark, at):
                            yield run, secret


class Watch:
    """Notes and reads. Texts are kept until the end, for secrets that become known later."""

    def __init__(self) -> None:
        self.test = "the start"
        self.seconds = 0.0
        """What watching has taken so far."""

        self.counts: dict[str, int] = {}
        """Secrets by their kind."""

        self.lines: dict[str, int] = {}
        """Lines read, by the kind of place."""

        self._lock = threading.RLock()
        self._noted: set[bytes] = set()
        self._all, self._fresh = _Index(), _Index()
        self._unread: list[tuple[str, bytes]] = []
        self._readings: list[_Reading] = []
        self._runs: set[bytes] = set()
        """Of all readings: most of them are read many times."""
        self._told: set[Leak] = set()

    def note(self, kind: str, secret: str | bytes | None) -> None:
        """Watch for this from now on. What is too short or too plain to be one is left out."""
        began = time.perf_counter()
        value = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
        if value is None or value in self._noted or not _could_be_secret(value):
            return
        with self._lock:
            self._noted.add(value)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            found = _Secret(kind, self.test)
            self._all.add(value, found)
            self._fresh.add(value, found)
        self.seconds += time.perf_counter() - began

    def read(self, place: str, text: str | bytes) -> None:
        """A text in which no secret may be. ``place`` begins with its kind and a colon."""
        if text:
            data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
            with self._lock:
                self._unread.append((place, data))

    def leaks(self) -> list[Leak]:
        """What was issued and read since the last time that this was asked, each once."""
        began = time.perf_counter()
        with self._lock:
            unread, self._unread = self._unread, []
            fresh, self._fresh = self._fresh, _Index()
        together: dict[str, list[bytes]] = {}
        for place, data in unread:
            together.setdefault(place, []).append(data)
        found = set()
        for place, pieces in together.items():
            text = b"\n".join(pieces)
            of_runs = (secret for _, secret in fresh.of_runs(self._keep(place, text)))
            for secret in (*of_runs, *fresh.of_words(text)):
                found.add(Leak(secret.kind, secret.test, place, self.test))
        self.seconds += time.perf_counter() - began
        return self._untold(found)

    def all_leaks(self) -> list[Leak]:
        """What was issued and read at any time, in whatever order, and was not told yet."""
        began = time.perf_counter()
        given_away: dict[bytes, list[_Secret]] = {}
        for run, secret in self._all.of_runs(self._runs):
            given_away.setdefault(run, []).append(secret)
        found = set()
        for reading in self._readings if given_away or self._all.has_words else ():
            text = zlib.decompress(reading.packed)
            runs_given = given_away.keys() & runs(text) if given_away else ()
            of_runs = (each for run in runs_given for each in given_away[run])
            for secret in (*of_runs, *self._all.of_words(text)):
                found.add(Leak(secret.kind, secret.test, reading.place, reading.test))
        self.seconds += time.perf_counter() - began
        return self._untold(found)

    def include(self, counts: Mapping[str, int], lines: Mapping[str, int], seconds: float) -> None:
        """Count what another process of the same run has watched."""
        for kind, count in counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
        for kind, count in lines.items():
            self.lines[kind] = self.lines.get(kind, 0) + count
        self.seconds += seconds

    def _untold(self, found: set[Leak]) -> list[Leak]:
        untold = found - self._told
        self._told |= found
        return sorted(untold, key=str)

    def _keep(self, place: str, text: bytes) -> set[bytes]:
        """Its runs."""
        kind = place.partition(":")[0]
        self.lines[kind] = self.lines.get(kind, 0) + text.count(b"\n") + 1
        self._readings.append(_Reading(place, self.test, zlib.compress(text, 1)))
        found = runs(text)
        self._runs |= found
        return found


def _could_be_secret(value: bytes) -> bool:
    """Whether finding it means something: a short word of the language is found everywhere."""
    if len(value) < WINDOW or len(set(value)) <= 4:
        return False
    return len(value) >= _PLAIN_WORD_BYTES or not (value.islower() and value.isalpha())


def total(counts: Mapping[str, int]) -> str:
    """Counts in one line."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


WATCH = Watch()
"""Of this process."""
