"""What a tenant's administrator enters of a directory."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from authgate.plugin_api import ConnectorConfigError, Secret, Setting

LDAPS = "ldaps"
START_TLS = "starttls"
LOGIN = "{login}"
"""What stands for the typed name in a template."""

_PORTS = {LDAPS: 636, START_TLS: 389}
_HOST = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::(?P<port>\d{1,5}))?"
)
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}|\d+(?:\.\d+){1,20}")
_MOST_HOSTS = 5
_MOST_LOGIN_ATTRIBUTES = 5
_LONGEST_ISSUER = 255
_NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapConfig:
    """Where the directory is, and what is where in it."""

    hosts: Annotated[
        tuple[str, ...],
        Setting(
            "Its servers, as name or name:port: the first that is there is asked. People belong to "
            "the first name for good, so take one that stays.",
            label="Servers",
            place=True,
        ),
    ]
    base_dn: Annotated[
        str,
        Setting(
            "Below which people are: ou=people,dc=acme,dc=example. To change it makes everybody a "
            "stranger.",
            label="Base",
            place=True,
        ),
    ]
    security: Annotated[
        str,
        Setting(
            "ldaps (port 636), or starttls (port 389). Certificates are always verified, and "
            "nothing is sent in the clear.",
            label="Encryption",
        ),
    ] = LDAPS
    bind_dn: Annotated[
        str,
        Setting("The account that looks for people, as DN.", label="Search account"),
    ] = ""
    bind_password: Annotated[
        Secret, Setting("Its password.", label="Password of the search account")
    ] = _NO_SECRET
    user_dn: Annotated[
        str,
        Setting(
            "Without a search account: what people bind as, with {login} for the name. A DN "
            "(uid={login},ou=people,dc=acme,dc=example), or {login}@acme.example with Active "
            "Directory.",
            label="Template",
            vouches=True,
        ),
    ] = ""
    login_attributes: Annotated[
        tuple[str, ...],
        Setting(
            "Attributes that hold what people type as their name.",
            label="Names to sign in by",
            vouches=True,
        ),
    ] = ("uid",)
    object_class: Annotated[
        str, Setting("The class that entries of people have.", label="Class", vouches=True)
    ] = "person"
    member_of: Annotated[
        str,
        Setting(
            "Only people whose memberOf has this DN; without one everybody below the base.",
            label="Only members of",
            vouches=True,
        ),
    ] = ""
    subject_attribute: Annotated[
        str,
        Setting(
            "What never changes and is given to nobody else: entryUUID, objectGUID, nsUniqueId. "
            "Never a name or an address. To change it makes everybody a stranger.",
            label="Identifier",
        ),
    ] = "entryUUID"
    username_attribute: Annotated[str, Setting("What wishes for a username.", label="Username")] = (
        "uid"
    )
    email_attribute: Annotated[str, Setting("The address.", label="Email")] = "mail"
    confirms_addresses: Annotated[
        bool,
        Setting(
            "Whether nobody writes an address into the directory that is not theirs. Without it no "
            "address counts.",
            label="Addresses are verified",
        ),
    ] = False
    name_attribute: Annotated[str, Setting("The full name.", label="Full name")] = "cn"
    groups_attribute: Annotated[
        str,
        Setting("Of a person: the DNs of their groups (memberOf).", label="Groups of a person"),
    ] = ""
    groups_base: Annotated[
        str,
        Setting(
            "Below which groups are looked for that have the person as member; instead of the "
            "attribute, and with a search account.",
            label="Base of groups",
        ),
    ] = ""
    member_attribute: Annotated[
        str, Setting("Of a group: the DNs of its members.", label="Members of a group")
    ] = "member"
    nested_groups: Annotated[
        bool,
        Setting(
            "Whether groups count that have those as members, up to five levels; with a base of "
            "groups.",
            label="Groups in groups",
        ),
    ] = False

    def __post_init__(self) -> None:
        _check_hosts(self.hosts)
        if self.security not in _PORTS:
            raise ConnectorConfigError("security", f"must be {' or '.join(_PORTS)}")
        self._check_way()
        self._check_attributes()
        if not self.base_dn.isprintable() or len(self.issuer) > _LONGEST_ISSUER:
            raise ConnectorConfigError("base_dn", "is too long")

    @property
    def servers(self) -> Sequence[tuple[str, int]]:
        """Names and ports, in the order in which they are asked."""
        found = [_HOST.fullmatch(each) for each in self.hosts]
        return [
            (each["name"], int(each["port"] or _PORTS[self.security])) for each in found if each
        ]

    @property
    def issuer(self) -> str:
        """What makes an identifier mean one person: the directory, and what is told of them."""
        return f"ldaps://{self.servers[0][0]}/{self.base_dn}?{self.subject_attribute}"

    @property
    def conditions(self) -> Sequence[tuple[str, str]]:
        """Attributes and values that whoever may sign in has each."""
        named = (("objectClass", self.object_class), ("memberOf", self.member_of))
        return [(name, value) for name, value in named if value]

    @property
    def attributes(self) -> Sequence[str]:
        """What is read of a person."""
        named = (
            self.subject_attribute,
            self.username_attribute,
            self.email_attribute,
            self.name_attribute,
            self.groups_attribute,
        )
        return list(dict.fromkeys(filter(None, named)))

    def _check_way(self) -> None:
        if bool(self.bind_dn) == bool(self.user_dn):
            raise ConnectorConfigError("bind_dn", "or user_dn is needed, and not both")
        if self.bind_dn and not self.bind_password.reveal():
            raise ConnectorConfigError("bind_password", "is missing")
        if self.user_dn and self.user_dn.count(LOGIN) != 1:
            raise ConnectorConfigError("user_dn", f"has {LOGIN} once")
        if self.groups_base and not self.bind_dn:
            raise ConnectorConfigError("groups_base", "needs a search account")

    def _check_attributes(self) -> None:
        if not 0 < len(self.login_attributes) <= _MOST_LOGIN_ATTRIBUTES:
            raise ConnectorConfigError("login_attributes", f"are 1 to {_MOST_LOGIN_ATTRIBUTES}")
        if not self.subject_attribute:
            raise ConnectorConfigError("subject_attribute", "must not be empty")
        for each in self.login_attributes:
            _check_attribute("login_attributes", each)
        for field in _ATTRIBUTES:
            if getattr(self, field):
                _check_attribute(field, getattr(self, field))


_ATTRIBUTES = (
    "subject_attribute",
    "username_attribute",
    "email_attribute",
    "name_attribute",
    "groups_attribute",
    "member_attribute",
    "object_class",
)


def _check_hosts(hosts: Sequence[str]) -> None:
    if not 0 < len(hosts) <= _MOST_HOSTS:
        raise ConnectorConfigError("hosts", f"are 1 to {_MOST_HOSTS}")
    for each in hosts:
        found = _HOST.fullmatch(each)
        if found is None or not 0 < int(found["port"] or 1) < 65_536:
            raise ConnectorConfigError(
                "hosts", "are names, or names with a port: ldap.acme.example:636"
            )


def _check_attribute(field: str, name: str) -> None:
    if not _ATTRIBUTE.fullmatch(name):
        raise ConnectorConfigError(field, "is no name of an attribute")
