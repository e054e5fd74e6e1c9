"""The person of a tenant under fire, at a browser."""

from urllib.parse import urlsplit

import httpx2

from authgate_testing.faults.client import Client
from authgate_testing.faults.history import Call, Kind
from authgate_testing.faults.host import Host
from authgate_testing.faults.household import PASSWORD, PERSON, Household
from authgate_testing.person import Form, forms


class Resident:
    """Signs in once, and stays signed in whatever happens to the servers."""

    def __init__(self, client: Client, household: Household) -> None:
        self._client = client
        self._household = household

    async def sign_in(self, host: Host) -> bool:
        """Sign in with the password."""
        _, page = await self._ask(Kind.SIGN_IN, host, "/login")
        form = _form(page, "/login")
        if form is None:
            return False
        fields = form.hidden | {"username": PERSON, "password": PASSWORD}
        call, _ = await self._ask(Kind.SIGN_IN, host, "/login", form=fields)
        return call.status == 303

    async def approve(self, host: Host, *, user_code: str, device_code: str) -> Call:
        """Type the code and approve what it shows; the last call that this took."""
        path = f"/device?user_code={user_code}"
        call, page = await self._ask(Kind.CODE, host, path, about=device_code)
        form = _form(page, "/device/decision")
        if form is None or call.status != 200:
            return call
        fields = form.hidden | {"decision": "approve", "mine": "1"}
        call, _ = await self._ask(
            Kind.APPROVAL, host, "/device/decision", form=fields, about=device_code
        )
        return call

    async def sign_out(self, host: Host, sid: str) -> bool:
        """End the session, of which the application knows by this name; whether that was heard."""
        _, page = await self._ask(Kind.SIGN_IN, host, "/account/sessions")
        form = _form(page, "/logout")
        if form is None:
            return page is not None and page.status_code == 303  # it is over
        call, _ = await self._ask(Kind.SIGN_OUT, host, "/logout", form=form.hidden, about=sid)
        return call.status == 303

    async def _ask(
        self,
        kind: Kind,
        host: Host,
        path: str,
        *,
        form: dict[str, str] | None = None,
        about: str = "",
    ) -> tuple[Call, httpx2.Response | None]:
        return await self._client.ask(kind, host, self._household, path, form=form, about=about)


def _form(page: httpx2.Response | None, action: str) -> Form | None:
    found = forms(page.text) if page is not None else []
    return next((form for form in found if urlsplit(form.action).path.endswith(action)), None)
