"""How a refusal looks (RFC 9457)."""

from pydantic import Field

from authgate.api.bodies import Document


class ProblemError(Document):
    """What is wrong with one value of a request."""

    detail: str
    pointer: str | None = None
    """A JSON pointer into the body (RFC 6901)."""

    parameter: str | None = None
    """The name of a parameter or of a header."""


class ProblemDocument(Document):
    """A refusal (RFC 9457)."""

    type: str
    """An address where a person can read what it means."""

    title: str
    status: int
    kind: str | None = None
    """The problem's name: the end of its type, and the same for every tenant."""

    detail: str | None = None
    errors: list[ProblemError] = Field(default_factory=list)
    request_id: str
    """In every log line and audit event of the request."""
