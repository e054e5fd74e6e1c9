"""What a browser shows once it is signed out, and where it goes from there."""

from collections.abc import Iterable

from quart import Response

from authgate.accounts.answers import leave_for, page
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.visits import visitor
from authgate.web import redirect_uris, session_cookie
from authgate.web.pages import Pages
from authgate.web.view_models import SignedOutPage
from authgate_tenants import current_tenant


class SigningOut:
    """Signs the browser out, and leads it on."""

    def __init__(self, *, pages: Pages, sessions: BrowserSessions) -> None:
        self._pages = pages
        self._sessions = sessions

    async def leave(
        self, onward: str, *, client_id: str = "", client_name: str = "", detail: str = ""
    ) -> Response:
        """Sign out, and go to an address, or stay where there is none.

        By way of a page where applications want theirs loaded first.
        """
        frames = await self._sessions.end(visitor(), client_id=client_id)
        if onward and not frames:
            response = leave_for(onward)
        else:
            response = self.page(onward, client_name=client_name, detail=detail, frames=frames)
        session_cookie.clear(response, session_cookie.SESSION)
        return response

    def page(
        self, onward: str, *, client_name: str = "", detail: str = "", frames: tuple[str, ...] = ()
    ) -> Response:
        """The page that says that nobody is signed in."""
        content = SignedOutPage(
            client_name=client_name,
            continue_url=onward,
            sign_in_url=f"{current_tenant().prefix}/login",
            detail=detail,
            frames=frames,
        )
        html = self._pages.render("signed_out.html", visit=visitor().page(), page=content)
        return page(html, 400 if detail else 200, frame_sources=_origins(frames))


def _origins(uris: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({redirect_uris.origin(uri) for uri in uris}))
