"""What each event says, a module for each area: read by the documentation."""

from collections.abc import Collection, Mapping

from authgate.audit.events import Event
from authgate.audit.meanings.auditing import AUDITING
from authgate.audit.meanings.clients import CLIENTS
from authgate.audit.meanings.granting import GRANTING
from authgate.audit.meanings.operators import OPERATORS
from authgate.audit.meanings.people import PEOPLE
from authgate.audit.meanings.protection import PROTECTION
from authgate.audit.meanings.signing_in import SIGNING_IN
from authgate.audit.meanings.tenants import TENANTS

MEANINGS: Mapping[Event, str] = {
    **SIGNING_IN,
    **GRANTING,
    **CLIENTS,
    **PEOPLE,
    **TENANTS,
    **OPERATORS,
    **PROTECTION,
    **AUDITING,
}
"""Of every event there is."""

AREAS: Mapping[str, Collection[Event]] = {
    "signing-in": tuple(SIGNING_IN),
    "granting": tuple(GRANTING),
    "clients": tuple(CLIENTS),
    "people": tuple(PEOPLE),
    "tenant": tuple(TENANTS),
    "operators": tuple(OPERATORS),
    "protection": tuple(PROTECTION),
    "auditing": tuple(AUDITING),
}
"""What there is to look for together."""
