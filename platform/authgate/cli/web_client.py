"""How commands ask servers: who they say they are, and to whom they tell a secret."""

import platform
from urllib.parse import urlsplit

import httpx2

from authgate import __version__
from authgate.cli.failures import Failure, Misused, Unhealthy
from authgate.diagnosis.network import is_local

PATIENCE_SECONDS = 30.0


def agent() -> str:
    """Who asks."""
    return f"authgate-cli/{__version__} ({platform.system()} {platform.machine()})"


def asking(url: str) -> httpx2.Client:
    """A client for this address. It goes where it was sent and nowhere else."""
    return httpx2.Client(
        timeout=PATIENCE_SECONDS,
        headers={"User-Agent": agent()},
        trust_env=not is_local(url),  # a proxy would look for us on its own machine
        follow_redirects=False,  # whoever redirects would have others see the token
    )


def checked(url: str) -> str:
    """An address that may be told a secret: https, or on this machine. Raises ``Misused``."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misused(f"{url!r} is not an address such as https://example.com/t/acme.")
    if parts.scheme == "http" and not is_local(url):
        raise Misused(f"{url} is not https, and anybody on the way could read what is sent there.")
    return url.rstrip("/")


def sent(
    http: httpx2.Client, request: httpx2.Request, *, auth: httpx2.Auth | None = None
) -> httpx2.Response:
    """The answer. Raises ``Unhealthy`` where there is none, and ``Failure`` for a redirect."""
    try:
        answer = http.send(request, auth=auth)
    except httpx2.HTTPError as error:
        place = f"{request.url.scheme}://{request.url.netloc.decode()}"
        raise Unhealthy(f"Nobody answers at {place} ({type(error).__name__}).") from error
    if answer.has_redirect_location:
        target = urlsplit(answer.headers["location"])
        place = f"{target.scheme}://{target.netloc}" if target.netloc else "another path"
        raise Failure(f"{request.url} leads to {place}: name the issuer as it names itself.")
    return answer
