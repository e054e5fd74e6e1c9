"""``POST /language``: people choose the language of the pages. Their browser keeps it, and so do
we, for other browsers and for mails to them.

The form is at the foot of the pages, and needs no script.
"""

from uuid import UUID

from quart import Blueprint, Response, request

from authgate.accounts.answers import see_other
from authgate.accounts.visits import visitor
from authgate.languages import offered, readers
from authgate.storage.people import locales
from authgate.web import return_to, session_cookie
from authgate.web.pages import LANGUAGE_PATH
from authgate_tenants import current_tenant

_SECONDS = 31_536_000


def blueprint() -> Blueprint:
    """The route."""
    routes = Blueprint("language", __name__)
    routes.post(LANGUAGE_PATH)(choose)
    return routes


async def choose() -> Response:
    """Keep the choice, and go back to the page; what is not offered is not kept."""
    form = await request.form
    response = see_other(return_to.safe(form.get("return_to"), otherwise="/login"))
    wanted = form.get("language", "")
    if _is_offered(wanted):
        session_cookie.write(response, session_cookie.LANGUAGE, wanted, max_age=_SECONDS)
        person = visitor().signed_in
        if person is not None:
            await locales.choose(person.user.id, wanted)
    return response


async def bring(user_id: UUID, response: Response) -> None:
    """What somebody chose before they signed in is theirs; who chose elsewhere finds it here."""
    chosen = readers.reader().chosen
    if _is_offered(chosen):
        await locales.choose(user_id, chosen)
        return
    known = (await locales.of([user_id])).get(user_id, "")
    if _is_offered(known):
        session_cookie.write(response, session_cookie.LANGUAGE, known, max_age=_SECONDS)


def _is_offered(tag: str) -> bool:
    return any(tag == each.tag for each in offered(current_tenant().settings.languages))
