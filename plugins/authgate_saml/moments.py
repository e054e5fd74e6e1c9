"""Times as SAML writes them: ``xs:dateTime`` in UTC (SAML 2.0 Core section 1.3.3)."""

from datetime import UTC, datetime, timedelta

SKEW = timedelta(seconds=60)
"""How far the provider's clock may be from ours."""


def moment_of(text: str) -> datetime:
    """The time that this is. Raises ``ValueError``."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def written(moment: datetime) -> str:
    """As SAML has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
