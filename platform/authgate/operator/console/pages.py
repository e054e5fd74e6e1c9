"""All pages of the operators."""

from collections.abc import Iterator

from quart import Blueprint

from authgate.operator.console.access_pages import AccessPages
from authgate.operator.console.announcement_pages import AnnouncementPages
from authgate.operator.console.deletion_list import DeletionList
from authgate.operator.console.frame import OperatorConsole
from authgate.operator.console.new_tenant import NewTenantPages
from authgate.operator.console.overview import OverviewPages
from authgate.operator.console.plan_pages import PlanPages
from authgate.operator.console.tenant_list import TenantList
from authgate.operator.console.tenant_pages import TenantPages


def blueprints(console: OperatorConsole) -> Iterator[Blueprint]:
    """The routes of each."""
    yield OverviewPages(console=console).blueprint()
    yield TenantList(console=console).blueprint()
    yield NewTenantPages(console=console).blueprint()
    yield TenantPages(console=console).blueprint()
    yield AccessPages(console=console).blueprint()
    yield PlanPages(console=console).blueprint()
    yield AnnouncementPages(console=console).blueprint()
    yield DeletionList(console=console).blueprint()
