"""How what is refused further down is told in SCIM's words (RFC 7644 section 3.12)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pydantic import ValidationError
from scim2_models import Error, SCIMException

from authgate import provisioning
from authgate.provisioning.groups import TooManyMembers, UnfitGroup, UnknownGroup
from authgate.scim.errors import ScimError
from authgate.storage.paging import BadCursor
from authgate.storage.people.groups import GroupTaken
from authgate.storage.people.listings import MOST_COUNTED, TooManyListed
from authgate.storage.people.usernames import BadUsername
from authgate.storage.people.users import UsernameTaken
from authgate.storage.tenants.quotas import QuotaReached

_TAKEN = "Somebody else has this userName, externalId or address."


_NOT_HERE = "There is no such resource."
_TOO_MANY = (
    f"There are more than {MOST_COUNTED:,}, which is as many as are counted: go on by a cursor"
    " (RFC 9865), or filter."
)

_KINDS: Mapping[type[Exception], tuple[int, str, str]] = {
    BadCursor: (400, "invalidCursor", ""),
    BadUsername: (400, "invalidValue", ""),
    GroupTaken: (409, "uniqueness", "Another group has this displayName or externalId."),
    QuotaReached: (403, "", ""),
    TooManyMembers: (400, "tooMany", ""),
    TooManyListed: (400, "tooMany", _TOO_MANY),
    UnfitGroup: (400, "invalidValue", ""),
    UnknownGroup: (404, "", _NOT_HERE),
    UsernameTaken: (409, "uniqueness", _TAKEN),
    provisioning.Refused: (403, "", ""),
    provisioning.UnknownUser: (404, "", _NOT_HERE),
}
"""Status, word and text; its own text where there is none."""


@contextmanager
def worded() -> Iterator[None]:
    """Whatever refuses what the block does raises ``ScimError``."""
    try:
        yield
    except ValidationError as error:
        raise _of(Error.from_validation_errors(error)[0]) from error
    except SCIMException as error:
        raise _of(_cause(error)) from error
    except tuple(_KINDS) as error:
        status, word, text = next(said for kind, said in _KINDS.items() if isinstance(error, kind))
        raise ScimError(status, text or str(error), word) from error


def _cause(error: SCIMException) -> Error:
    """What is wrong with a value is said by what has read it."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return Error.from_validation_errors(cause)[0]
    return error.to_error()


def _of(error: Error) -> ScimError:
    detail = (error.detail or "This cannot be.").splitlines()[0]
    return ScimError(error.status or 400, detail, error.scim_type or "")
