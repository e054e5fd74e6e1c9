"""What the console shows of a tenant's plan, its limits, and of whom it keeps out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """How many there are of something that the plan counts."""

    name: str
    """As ``Quota`` has it."""
    used: int
    allowed: int | None

    @property
    def is_full(self) -> bool:
        """Whether there is room for no more."""
        return self.allowed is not None and self.used >= self.allowed


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A network from which nobody is let in."""

    network: str
    reason: str
    blocked_by: str
    blocked_at: datetime


@dataclass(frozen=True, slots=True)
class BlockFields:
    """What is in the form, as it was typed."""

    network: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LimitsPage:
    """``console/limits.html``. Blocking gets ``network`` and ``reason``, letting in ``network``."""

    frame: ConsoleFrame
    plan: str
    quotas: Sequence[QuotaLine]
    limits: Mapping[str, str]
    """By name."""
    blocks: Sequence[BlockLine]
    block_action: str
    let_in_action: str
    own_address: str
    """Of whoever looks: it cannot be blocked."""
    fields: BlockFields = BlockFields()
    faults: Mapping[str, str] = field(default_factory=dict)
