"""``GET /tls-ask?domain=…``: whether a proxy may get a certificate for a host.

Proxies that get certificates on demand ask before they do, or anybody could have them ask an
authority for any name (Caddy: ``on_demand_tls``, ``ask``). Only who is named in the settings is
answered, and only where it asks for itself.
"""

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address, ip_network

from authgate.web.client_ip import is_handed_on
from authgate.web.machine import BadRequest, MachineRequest, Reply, parse_pairs

PATH = "/tls-ask"

_OURS = Reply.json(200, {"ours": True})
_NOT_OURS = Reply.json(404, {"ours": False})
_NOTHING = Reply.json(404, {"error": "not_found", "message": "There is nothing here."})


class TlsAsk:
    """Knows which hosts answer here."""

    def __init__(
        self, *, is_known: Callable[[str], Awaitable[bool]], asked_from: Iterable[str]
    ) -> None:
        self._is_known = is_known
        self._asked_from = tuple(ip_network(each) for each in asked_from)

    async def answer(self, request: MachineRequest) -> Reply:
        """200 where there is something here that answers to the name, 404 where there is not."""
        if not self._may_ask(request):
            return _NOTHING
        return _OURS if await self._is_known(_domain(request)) else _NOT_OURS

    def _may_ask(self, request: MachineRequest) -> bool:
        # A proxy that hands on a stranger's request speaks for the stranger.
        if is_handed_on(name.decode("latin-1") for name, _ in request.headers):
            return False
        try:
            peer = ip_address(request.peer)
        except ValueError:
            return False
        return any(peer in network for network in self._asked_from)


def _domain(request: MachineRequest) -> str:
    """The name that is asked about. Raises ``BadRequest``."""
    named = [value for name, value in parse_pairs(request.query) if name == "domain"]
    if len(named) != 1:
        raise BadRequest("Ask for one domain.")
    return named[0].lower()
