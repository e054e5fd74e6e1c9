"""What is written down about every security event: who, what, where from, in which request.

An event joins the transaction of what it tells of, so it is stored if and only if that is.
"""

from authgate.audit.events import Event
from authgate.audit.log import (
    ANONYMOUS,
    SYSTEM,
    Actor,
    RequestFacts,
    acting_for,
    client,
    event,
    in_session,
    record,
    request_facts,
    user,
)

__all__ = [
    "ANONYMOUS",
    "SYSTEM",
    "Actor",
    "Event",
    "RequestFacts",
    "acting_for",
    "client",
    "event",
    "in_session",
    "record",
    "request_facts",
    "user",
]
