"""The two ways in which a page answers: with HTML, or by sending the browser on.

And what a page is asked with, where another site may ask by either method.
"""

from quart import Response, request

from authgate.languages import spoken
from authgate.web.limits import TooMany
from authgate.web.machine import parse_pairs
from authgate.web.pages import LANGUAGE_VARIES
from authgate_tenants import current_tenant


def page(
    html: str,
    status: int = 200,
    *,
    form_target: str = "",
    frame_sources: tuple[str, ...] = (),
    retry_seconds: int | None = None,
) -> Response:
    """A page; where its form may end at another address, or others are shown in it, those are to
    be named. ``retry_seconds`` says when to come back."""
    exchange = request.scope["authgate.exchange"]  # type: ignore[typeddict-item]  # the edge's own
    exchange.form_target = form_target or exchange.form_target
    exchange.frame_sources = frame_sources
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = spoken().tag
    response.headers["Vary"] = LANGUAGE_VARIES
    if retry_seconds is not None:
        response.headers["Retry-After"] = str(retry_seconds)
    return response


def tell_of_limit(response: Response, refusal: TooMany) -> Response:
    """The same answer, which says when to come back, and which limit it was."""
    response.headers["Retry-After"] = str(refusal.retry_after)
    for name, value in refusal.told():
        response.headers[name.decode()] = value.decode()
    return response


def see_other(path: str) -> Response:
    """Go there with GET: 303 and never 307, which would send the form along (RFC 9700 4.12).

    A path of the tenant, with or without its prefix.
    """
    prefix = current_tenant().prefix
    location = path if prefix and path.startswith(f"{prefix}/") else f"{prefix}{path}"
    return Response("", 303, headers={"Location": location})


def leave_for(url: str) -> Response:
    """Go to another site with GET; the address has been proven to be whose it should be."""
    return Response("", 303, headers={"Location": url})


async def sent_parameters() -> list[tuple[str, str]]:
    """What a client has sent along with the browser, by GET or POST. Raises ``BadRequest``."""
    if request.method == "POST":
        return list((await request.form).items(multi=True))
    return parse_pairs(request.query_string)
