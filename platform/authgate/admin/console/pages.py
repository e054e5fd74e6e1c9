"""All pages of the console."""

from collections.abc import Iterator

from quart import Blueprint

from authgate.admin.console.client_changes import ClientChanges
from authgate.admin.console.client_list import ClientList
from authgate.admin.console.client_pages import ClientPages
from authgate.admin.console.client_wizard import ClientWizard
from authgate.admin.console.frame import Console
from authgate.admin.console.overview import OverviewPages


def blueprints(console: Console) -> Iterator[Blueprint]:
    """The routes of each."""
    for pages in (OverviewPages, ClientList, ClientWizard, ClientPages, ClientChanges):
        yield pages(console=console).blueprint()
