"""What a token tells of the groups that somebody belongs to: ``groups`` and ``roles`` (RFC 9068
section 2.2.3.1), by the scopes of these names that were granted.

A token travels in a header, so what is longer than that bears is told by UserInfo, to which the
token refers (OpenID Connect Core section 5.6.2).
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import orjson

from authgate.storage.clients.metadata import GROUP_IDS, ClientMetadata
from authgate.storage.people import group_members
from authgate.storage.people.group_members import Membership
from authgate.storage.people.users import User
from authgate_tenants import current_tenant

Claims = Mapping[str, object]

GROUPS: Final = "groups"
ROLES: Final = "roles"
SCOPES: Final = frozenset({GROUPS, ROLES})

MOST = 200
"""Values of one claim in a token."""

MOST_BYTES = 3072
"""Of both claims in a token, as JSON: it stays one that every endpoint takes."""

NONE: Claims = MappingProxyType({})
_SOURCE = "userinfo"


async def of(user: User, said: ClientMetadata, scope: Collection[str]) -> Claims:
    """All that a client is told of a person's groups: nothing where neither scope was granted."""
    if SCOPES.isdisjoint(scope):
        return NONE
    belongs = await group_members.memberships(user.id)
    claims: dict[str, Sequence[str]] = {}
    if GROUPS in scope:
        claims[GROUPS] = _groups(belongs, said)
    if ROLES in scope:
        roles = {role for group in belongs for role in group.roles}
        claims[ROLES] = sorted(each for each in roles if each.startswith(said.roles_prefix))
    return claims


def in_token(claims: Claims, *, for_others: bool = False) -> Claims:
    """The same where a token bears it, or where it is told instead: nothing where the token is for
    resource servers, since UserInfo takes none of those. Introspection tells them."""
    if not claims or _is_borne(claims):
        return claims
    if for_others:
        return NONE
    place = {"endpoint": f"{current_tenant().issuer}/oauth/userinfo"}
    return {
        "_claim_names": dict.fromkeys(claims, _SOURCE),
        "_claim_sources": {_SOURCE: place},
    }


def _groups(belongs: Sequence[Membership], said: ClientMetadata) -> list[str]:
    wanted = said.groups_prefix.casefold()
    told = [each for each in belongs if each.name.casefold().startswith(wanted)]
    return [str(each.id) if said.groups_claim == GROUP_IDS else each.name for each in told]


def _is_borne(claims: Claims) -> bool:
    counts = [len(each) for each in claims.values() if isinstance(each, list)]
    return max(counts) <= MOST and len(orjson.dumps(dict(claims))) <= MOST_BYTES
