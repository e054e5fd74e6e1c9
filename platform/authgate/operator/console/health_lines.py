"""How tenants are, as operators' pages show it."""

from datetime import datetime, timedelta

from authgate.storage.tenants.health import Health
from authgate.web.operator_view_models import HealthLine

_OLD = timedelta(days=400)
"""As the alert on old keys has it."""


def line(found: Health, now: datetime) -> HealthLine:
    """One tenant's."""
    return HealthLine(
        error_share=found.error_share,
        failures=found.failures,
        refusals=found.refusals,
        last_sign_in=found.last_sign_in,
        oldest_key=found.oldest_key,
        hosts=found.hosts,
        unproven_hosts=found.unproven_hosts,
        failed_mails=found.failed_mails,
        key_is_old=found.oldest_key is not None and now - found.oldest_key > _OLD,
    )
