"""What SCIM tells of people (RFC 7643 section 4.1): as much as AuthGate keeps, and no more.

The schemas that clients discover are made of these models, docstrings and all, and so is what
clients may say.
"""

from typing import Annotated, Any

from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    ExtensibleStringEnum,
    Mutability,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    Uniqueness,
)

POLICY = ScimPolicy(
    # Directories send all that they know; what is not kept is passed over.
    unknown=ScimPolicy.Unknown.ignore,
    # As Microsoft Entra sends them.
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    """The parts of a person's name."""

    formatted: str | None = None
    """The whole name: the same as displayName, which is believed where they differ."""

    family_name: str | None = None
    """The family name."""

    given_name: str | None = None
    """The given name."""


class Email(ComplexAttribute):
    """An address for mail."""

    class Type(ExtensibleStringEnum):
        """Others are taken, and told as this one."""

        work = "work"

    value: str | None = None
    """The address."""

    type: Type | None = None
    """Always work."""

    primary: bool | None = None
    """Always true: of several addresses that are sent, one is kept, the primary one."""


class Membership(ComplexAttribute):
    """A group that somebody belongs to."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The group's id."""

    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The group's address."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The group's name."""

    type: Annotated[str | None, Mutability.read_only] = None
    """Always direct."""


class User(Resource[Any]):
    """A person of the tenant."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """What they sign in by, if not by their address."""

    name: Name | None = None
    """The parts of their name."""

    display_name: str | None = None
    """What they are called."""

    active: bool | None = None
    """Whether they may sign in. False signs them out everywhere at once."""

    emails: list[Email] | None = None
    """Their address."""

    groups: Annotated[list[Membership] | None, Mutability.read_only] = None
    """The groups that they belong to."""


class Member(ComplexAttribute):
    """Somebody who belongs to a group."""

    class Type(ExtensibleStringEnum):
        """No group belongs to another."""

        user = "User"

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The person's id."""

    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The person's address."""

    type: Annotated[Type | None, Mutability.immutable] = None
    """Always User."""


class Group(Resource[Any]):
    """A group of the tenant's people."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """What it is called."""

    members: list[Member] | None = None
    """Who belongs to it, where they are no more than a thousand, and in lists a hundred."""
