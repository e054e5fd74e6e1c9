"""What the installation itself answers, outside of any tenant: its front page and static files."""

from authgate.languages import readers
from authgate.web.machine import Handler, MachineRequest, Reply
from authgate.web.pages import Pages, page_fields
from authgate.web.static_files import StaticFiles


def landing(pages: Pages) -> Handler:
    """``GET /``: what this is. It lists no tenant."""

    async def show(request: MachineRequest) -> Reply:
        readers.has_come_with(request.headers)
        html = pages.render("landing.html")
        return Reply(200, html.encode(), page_fields())

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
