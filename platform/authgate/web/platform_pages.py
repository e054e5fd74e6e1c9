"""What the installation itself answers, outside of any tenant: its front page and static files."""

from authgate.web.machine import Handler, MachineRequest, Reply
from authgate.web.pages import Pages
from authgate.web.static_files import StaticFiles

_HTML = (b"content-type", b"text/html; charset=utf-8")


def landing(pages: Pages) -> Handler:
    """``GET /``: what this is. It lists no tenant."""

    async def show(_request: MachineRequest) -> Reply:
        return Reply(200, pages.render("landing.html").encode(), (_HTML,))

    return show


def static(files: StaticFiles) -> Handler:
    """``GET /static/…``."""

    async def serve(request: MachineRequest) -> Reply:
        found = files.reply(
            request.path, request.header(b"if-none-match"), request.header(b"accept-encoding")
        )
        if found is None:
            return Reply.json(404, {"error": "not_found"})
        return Reply(found.status, found.body, found.headers)

    return serve
