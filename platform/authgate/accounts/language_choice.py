"""``POST /language``: people choose the language of the pages, and this browser keeps it.

The form is at the foot of the pages, and needs no script.
"""

from quart import Blueprint, Response, request

from authgate.accounts.answers import see_other
from authgate.languages import offered
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
    if any(wanted == each.tag for each in offered(current_tenant().settings.languages)):
        session_cookie.write(response, session_cookie.LANGUAGE, wanted, max_age=_SECONDS)
    return response
