"""Whom a connection lets in, and what they are here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self


class Newcomers(StrEnum):
    """What becomes of a first sign-in by somebody who belongs to nobody here."""

    AS_TENANT = "tenant"
    """What the tenant's ``auto_register`` says."""
    WELCOME = "welcome"
    REFUSED = "refused"


class Provisioned(StrEnum):
    """By what people are known who came by SCIM and have never signed in."""

    NOTHING = "nothing"
    """They are linked by themselves at their account page, if at all."""
    SUBJECT = "subject"
    """The provider's subject is their ``externalId``."""
    EMAIL = "email"
    """Their address, where the provider has verified it and the tenant has proven its domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRules:
    """What the tenant's administrators have chosen for one connection."""

    newcomers: Newcomers = Newcomers.AS_TENANT
    provisioned: Provisioned = Provisioned.NOTHING
    allowed_domains: tuple[str, ...] = ()
    """Domains of the verified addresses that may sign in; everybody where there are none."""

    email_domains: tuple[str, ...] = ()
    """Domains whose people are sent here when they enter their address."""

    groups: Mapping[str, str] = field(default_factory=dict)
    """By the provider's name of a group, the id of the group here that its people belong to."""

    sign_in_form: bool = False
    """Whether the tenant's own sign-in form asks it for names that have no password here: of one
    that takes passwords."""

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Self:
        """As they are stored; what a later version has written beside them is left out."""
        known = {each.name for each in fields(cls)}
        said = {name: value for name, value in (stored or {}).items() if name in known}
        for name in ("allowed_domains", "email_domains"):
            said[name] = tuple(said.get(name, ()))
        said["newcomers"] = Newcomers(said.get("newcomers", Newcomers.AS_TENANT))
        said["provisioned"] = Provisioned(said.get("provisioned", Provisioned.NOTHING))
        return cls(**said)

    def written(self) -> dict[str, Any]:
        """The same, to be stored or told."""
        said = asdict(self)
        return said | {
            "allowed_domains": list(self.allowed_domains),
            "email_domains": list(self.email_domains),
        }


def domain_of(address: str) -> str:
    """The domain of an e-mail address, as rules name it."""
    return address.rpartition("@")[2].lower()
