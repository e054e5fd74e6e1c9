"""Which groups of a directory somebody is in, by the groups' distinguished names."""

from collections.abc import Iterable

from authgate.plugin_api import ProviderUnavailable
from authgate_ldap.conversation import SIZE_LIMIT, Conversation
from authgate_ldap.entries import Entry
from authgate_ldap.messages import MOST_OF_CONVERSATION, Search
from authgate_ldap.settings import LdapConfig

MOST = 1000
"""Groups. Of whoever is in more nothing is told, which takes them out of none."""

_LONGEST = 255
_LEVELS = 5
_AT_ONCE = 50


async def groups_of(directory: Conversation, dn: str, config: LdapConfig) -> tuple[str, ...] | None:
    """The groups that have this member, and where the tenant wants it the groups that have those;
    ``None`` where there are too many to be told. Raises ``NoLdap``, ``StreamFailure`` and
    ``ProviderUnavailable``."""
    found: dict[str, None] = {}
    members = [dn]
    for _ in range(_LEVELS if config.nested_groups else 1):
        above: list[str] = []
        for start in range(0, len(members), _AT_ONCE):
            some = members[start : start + _AT_ONCE]
            search = Search(
                base=config.groups_base,
                any_of=[(config.member_attribute, each) for each in some],
                most=MOST,
                octets=MOST_OF_CONVERSATION,
            )
            answer = await directory.search(search)
            if answer.result.code == SIZE_LIMIT:
                return None
            if not answer.is_whole:
                # Whoever is in no group any more would stay in them.
                raise ProviderUnavailable(f"The groups cannot be read: {answer.result.code}.")
            above += [each.dn for each in answer.entries]
        members = [each for each in dict.fromkeys(above) if each not in found]
        found |= dict.fromkeys(members)
        if len(found) > MOST:
            return None
        if not members:
            break
    return told(each.encode() for each in found)


def groups_in(entry: Entry, attribute: str) -> tuple[str, ...] | None:
    """The groups that the entry itself lists; ``None`` where there are too many to be told."""
    name = attribute.lower()
    # Active Directory tells a part of many values, and calls it "memberOf;range=0-1499".
    if any(each.startswith(f"{name};range=") for each in entry.attributes):
        return None
    return told(entry.attributes.get(name, ()))


def told(values: Iterable[bytes]) -> tuple[str, ...] | None:
    """Names of groups, as an identity tells them; ``None`` where there are too many."""
    names = [each.decode("utf-8", "replace") for each in values]
    if len(names) > MOST:
        return None
    return tuple(each for each in names if len(each) <= _LONGEST and each.isprintable())
