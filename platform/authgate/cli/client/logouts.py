"""``authgate client logouts``."""

from typing import TYPE_CHECKING

from authgate.cli.client import options
from authgate.cli.options import InTenant
from authgate.cli.output import Format, Output, Record, show_all

if TYPE_CHECKING:
    from authgate.storage.sign_in.logout_deliveries import LogoutDelivery


def logouts(
    tenant: InTenant,
    client_id: options.OfClient = None,
    status: options.OfStatus = None,
    lines: options.Lines = 50,
    output: Output = Format.TABLE,
) -> None:
    """Show what clients were told of sessions that are over, the newest first."""
    from authgate.cli import installed
    from authgate.storage.sign_in import logout_deliveries
    from authgate.vocabulary import DeliveryStatus

    wanted = DeliveryStatus(status) if status else None
    newest = installed.do(
        tenant,
        lambda _: logout_deliveries.newest(limit=lines, status=wanted, client_id=client_id),
    )
    show_all([_told(each) for each in newest], output)


def _told(delivery: "LogoutDelivery") -> Record:
    return {
        "time": delivery.created_at,
        "client_id": delivery.client_id,
        "session": delivery.session_id,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "next_attempt": None if delivery.ended_at else delivery.next_attempt_at,
    }
