"""Who is at a worker, so that no single address takes all the room there is."""

from collections import Counter
from collections.abc import Sequence

from authgate.web.client_ip import ClientAddress, bucket


class Crowd:
    """Counts connections, and requests that share one, by the address that they come from.

    An IPv6 client counts by its /64. Proxies that are trusted speak for many and are not counted.
    """

    def __init__(self, *, most_of_one: int, proxies: Sequence[str]) -> None:
        self._most_of_one = most_of_one
        self._proxies = ClientAddress(proxies)
        self._present: Counter[str] = Counter()

    def admits(self, address: str) -> bool:
        """Whether one more may come in; if so it stays until it is told to leave."""
        name = self._name(address)
        if name is None:
            return True
        if self._present[name] >= self._most_of_one:
            return False
        self._present[name] += 1
        return True

    def leave(self, address: str) -> None:
        """Make room for another one of this address."""
        name = self._name(address)
        if name is not None:
            self._present[name] -= 1
            if not self._present[name]:
                del self._present[name]

    def _name(self, address: str) -> str | None:
        return None if self._proxies.trusts(address) else bucket(address)
