"""The person's side of the device grant without a person: the pages, by HTTP, as a browser does.

It follows redirects, keeps cookies and sends the forms that it is shown with their hidden fields.
So a sign-in that works here works in a browser without script.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2

from authgate.cli.sign_in.device_flow import Authorization, NoAnswer, SignInFailed


class PageRefused(SignInFailed):
    """A page of the sign-in did not take what it was sent."""


async def approve(
    http: httpx2.AsyncClient, authorization: Authorization, *, username: str, password: str
) -> None:
    """Sign in, enter the code, compare, approve. Raises ``PageRefused`` and ``NoAnswer``.

    ``http`` is this browser's: it keeps the cookies.
    """
    browser = Browser(http)
    await browser.open(authorization.verification_uri)
    if browser.form_with("password"):
        await browser.send(username=username, password=password)
    if browser.form_with("password"):
        raise PageRefused("The sign-in page does not take the user name and password.")
    await browser.send(user_code=authorization.user_code)
    confirm = browser.form_with("mine")
    if confirm is None or confirm.fields.get("user_code") != authorization.user_code:
        raise PageRefused("No page shows the code and asks for approval.")
    await browser.send(mine="1", decision="approve")


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, its fields, and what they hold already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class Browser:
    """Shows one page after the other."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._url = ""
        self._forms: list[Form] = []

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self._show("GET", url)

    async def send(self, **typed: str) -> None:
        """Fill in the form that has the first of these fields, and send it."""
        form = self.form_with(next(iter(typed)))
        if form is None:
            raise PageRefused(f"{self._url} has no form for {', '.join(typed)}.")
        await self._show("POST", urljoin(self._url, form.action), form.fields | typed)

    def form_with(self, name: str) -> Form | None:
        """The first form of this page that has a field of this name."""
        return next((form for form in self._forms if name in form.names), None)

    async def _show(self, method: str, url: str, data: dict[str, str] | None = None) -> None:
        try:
            page = await self._http.request(method, url, data=data, follow_redirects=True)
        except httpx2.HTTPError as error:
            raise NoAnswer(f"Nobody answers at {url} ({type(error).__name__}).") from error
        # A form that was filled in wrongly comes back with 400: what it says is looked at.
        if page.status_code not in (200, 400):
            raise PageRefused(f"{url} answers {page.status_code}.")
        self._url = str(page.url)
        reader = _FormReader()
        reader.feed(page.text)
        self._forms = reader.forms


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "input" and self._form and "name" in given:
            self._form.names.add(given["name"])
            if given.get("type") != "checkbox" or "checked" in given:
                self._form.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
