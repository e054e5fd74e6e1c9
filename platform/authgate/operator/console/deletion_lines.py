"""The ends of tenants as the operators' pages show them."""

from authgate.operator.console import frame
from authgate.operator.console.tenant_search import PATH
from authgate.web.operator_view_models import DeletionLine
from authgate_tenants.models import DeletionState, TenantDeletion


def line(deletion: TenantDeletion) -> DeletionLine:
    """A line about it."""
    is_there = deletion.state in (DeletionState.WAITING, DeletionState.RESTORED)
    return DeletionLine(
        url=frame.url(f"{PATH}/{deletion.tenant_id}") if is_there else "",
        slug=deletion.slug,
        state=deletion.state.value,
        requested_at=deletion.requested_at,
        due_at=deletion.due_at,
        ended_at=deletion.ended_at,
        certificate=deletion.certificate,
    )
