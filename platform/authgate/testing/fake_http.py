"""The plugins' way out in tests without a network: what is asked is answered by sites in memory."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import pytest

from authgate.plugin_api import HttpFailure, HttpResponse
from authgate.pretend.host import FORM, JSON, Asked, Site


class FakeHttp:
    """An ``HttpClient`` that reaches these sites, each by its name and port, and no others.

    Like the server's it speaks https alone and follows no redirect.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Asked]] = []
        """Every request, and the host that it went to."""
        self.answered: list[bytes] = []
        """The bodies of all answers."""
        self._sites: dict[str, Site] = {}

    def serve(self, host: str, site: Site) -> None:
        """Answer by this site what is asked of the host."""
        self._sites[host] = site

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Ask for a resource. Raises ``HttpFailure``."""
        return await self._answer("GET", url, headers or {})

    async def post(
        self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Send a form. Raises ``HttpFailure``."""
        content = urlencode(form).encode("ascii")
        typed = {"content-type": FORM} | dict(headers or {})
        return await self._answer("POST", url, typed, content, form)

    async def post_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send these very bytes. Raises ``HttpFailure``."""
        typed = {**(headers or {}), "content-type": content_type}
        return await self._answer("POST", url, typed, content)

    async def put_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Have these very bytes be there. Raises ``HttpFailure``."""
        typed = {**(headers or {}), "content-type": content_type}
        return await self._answer("PUT", url, typed, content)

    async def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes = b"",
        form: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        await asyncio.sleep(0)  # others get their turn, as while one waits for a network
        parts = urlsplit(url)
        site = self._sites.get(parts.netloc)
        if parts.scheme != "https" or site is None:
            raise HttpFailure("The name leads to no address that may be reached.")
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        by_name = {name.lower(): value for name, value in headers.items()}
        sent = {"host": parts.netloc} | by_name
        asked = Asked(method, path, sent, dict(form or {}), content)
        self.asked.append((parts.netloc, asked))
        answer = site(asked)
        self.answered.append(answer.body)
        return HttpResponse(
            status=answer.status,
            headers=JSON | {name.lower(): value for name, value in answer.headers.items()},
            body=answer.body,
        )


@contextmanager
def no_network() -> Iterator[list[str]]:
    """What asks the network by itself fails meanwhile; the calls that tried."""
    tried: list[str] = []

    def refuse(name: str) -> object:
        def refused(*_: object, **__: object) -> object:
            tried.append(name)
            raise OSError("Plugins ask by self.http, and nothing else.")

        return refused

    with pytest.MonkeyPatch.context() as patch:
        for name in ("getaddrinfo", "create_connection"):
            patch.setattr(f"socket.{name}", refuse(name))
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(f"socket.socket.{name}", refuse(name))
        yield tried
