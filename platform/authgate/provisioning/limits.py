"""Which limits a tenant or a plan may name."""

from collections.abc import Mapping

from authgate import languages
from authgate.settings import PLANNED_LIMITS, LimitSettings
from authgate.storage.redis.rate_limits import BadLimit, Limit


def check_limits(limits: Mapping[str, str]) -> None:
    """Refuse limits that nobody knows or that cannot be read. Raises ``BadLimit``."""
    known = (set(LimitSettings.model_fields) | PLANNED_LIMITS) - {"enabled"}
    unknown = set(limits) - known
    if unknown:
        raise BadLimit(
            languages.text(
                "There is no limit called %(unknown)s.", unknown=", ".join(sorted(unknown))
            )
        )
    for text in limits.values():
        Limit.parse(text)
