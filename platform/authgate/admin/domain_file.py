"""``GET /.well-known/authgate-challenge``: the proof of a host that leads here already.

It is shown at hosts that are proven, and says whose they are to whoever looks again: somebody who
has only claimed a host cannot have it shown there.
"""

from authgate import storage
from authgate.provisioning import domain_proof
from authgate.web.machine import NO_STORE, MachineRequest, Reply
from authgate_tenants import domains
from authgate_tenants.domains import UnknownDomain

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_NOTHING = Reply(200, b"", (_TEXT, *NO_STORE))
"""At an address that the installation gives there is nothing to prove."""


async def show(request: MachineRequest) -> Reply:
    """The line that proves it."""
    try:
        async with storage.transaction():
            domain = await domains.find(_asked(request))
    except UnknownDomain:
        return _NOTHING
    if domain.verified_at is None or not domain.token:
        return _NOTHING
    return Reply(200, f"{domain_proof.value(domain)}\n".encode(), (_TEXT, *NO_STORE))


def _asked(request: MachineRequest) -> str:
    return (request.header(b"host") or "").partition(":")[0]
