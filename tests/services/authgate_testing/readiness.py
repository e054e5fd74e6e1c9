"""Whether a server in another process serves by now."""

import httpx2


def is_ready(base_url: str) -> bool:
    """Ask ``/readyz`` at this address, whoever vouches for the certificate there."""
    try:
        # Asked over and over: to read the authorities of this machine each time costs more than
        # the start of the server that is waited for.
        return httpx2.get(f"{base_url}/readyz", verify=False, timeout=2).status_code == 200
    except httpx2.TransportError:
        return False
