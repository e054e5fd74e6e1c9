"""The two ways in which a page answers: with HTML, or by sending the browser on."""

from quart import Response

from authgate_tenants import current_tenant


def page(html: str, status: int = 200) -> Response:
    """A page."""
    return Response(html, status, content_type="text/html; charset=utf-8")


def see_other(path: str) -> Response:
    """Go there with GET: 303 and never 307, which would send the form along (RFC 9700 4.12).

    A path of the tenant, with or without its prefix.
    """
    prefix = current_tenant().prefix
    location = path if prefix and path.startswith(f"{prefix}/") else f"{prefix}{path}"
    return Response("", 303, headers={"Location": location})
