"""What there is to be asked (RFC 7644 section 4), told to anybody."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Meta,
    Pagination,
    Patch,
    Reference,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)

from authgate.scim.asks import Outcome, dumped
from authgate.scim.bulk import MOST
from authgate.scim.errors import not_found
from authgate.scim.lists import counted
from authgate.scim.places import url
from authgate.scim.queries import PAGE
from authgate.scim.resources import Group, User

MODELS: Sequence[type[Resource[Any]]] = (User, Group)


def described(kind: str, resource_id: str, body_limit: int) -> Outcome:
    """One of these documents; requests have so many bytes. Raises ``ScimError``."""
    if kind == "ServiceProviderConfig":
        return Outcome(200, dumped(_placed(_config(body_limit), kind)))
    every = _schemas() if kind == "Schemas" else _resource_types()
    if resource_id:
        found = every.get(resource_id.lower())
        if found is None:
            raise not_found()
        return Outcome(200, dumped(_placed(found, kind, resource_id=found.id or "")))
    told = [dumped(_placed(each, kind, resource_id=each.id or "")) for each in every.values()]
    return counted(told, total=len(told))


@cache
def _schemas() -> Mapping[str, Schema]:
    found = [model.to_schema() for model in MODELS]
    return {str(each.id).lower(): each for each in found}


@cache
def _resource_types() -> Mapping[str, ResourceType]:
    found = [ResourceType.from_resource(model) for model in MODELS]
    return {str(each.id).lower(): each for each in found}


@cache
def _config(body_limit: int) -> ServiceProviderConfig:
    scheme = AuthenticationScheme.Type
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=MOST, max_payload_size=body_limit),
        filter=Filter(supported=True, max_results=PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=True,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=PAGE,
            max_page_size=PAGE,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=scheme.oauthbearertoken,
                name="OAuth Bearer Token",
                description=(
                    "A SCIM token of the tenant, or an access token with the scopes"
                    " authgate:scim:read and authgate:scim:write."
                ),
                spec_uri=Reference("https://www.rfc-editor.org/info/rfc6750"),
                primary=True,
            )
        ],
    )


def _placed(document: Resource[Any], kind: str, *, resource_id: str = "") -> Resource[Any]:
    """The document at the current tenant."""
    place = url(kind, resource_id) if resource_id else url(kind)
    meta = Meta(resource_type=kind.removesuffix("s"), location=place)
    return document.model_copy(update={"meta": meta})
