"""What an API is, for programs (OpenAPI 3.1)."""

from collections.abc import Mapping

from authgate import __version__
from authgate.api.description import Api
from authgate.api.openapi.operations import described, tag
from authgate.api.openapi.refusals import by_status, name_of, refusal
from authgate.api.openapi.schemas import Json, Schemas, used


def document(api: Api, *, issuer: str) -> Json:
    """The document of a tenant's API."""
    return of_tenant(api, common(api), issuer=issuer)


def of_tenant(api: Api, document: Json, *, issuer: str) -> Json:
    """What is common to all tenants, with what differs."""
    security = {"securitySchemes": _security(api, issuer)}
    return {
        **document,
        "servers": [{"url": f"{issuer}{api.base}"}],
        "components": document["components"] | security,
    }


def common(api: Api) -> Json:
    """What is the same for every tenant, and takes longer to make than an answer may."""
    schemas = Schemas(api.operations)
    paths: Json = {}
    responses: Json = {}
    for each in api.operations:
        paths.setdefault(each.path, {})[each.method.lower()] = described(
            each, schemas, api.path_parameters
        )
        for kinds in by_status(each).values():
            responses[name_of(kinds)] = refusal(kinds, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": api.title,
            "version": __version__,
            "summary": api.summary,
            "description": api.introduction,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [],
        "tags": [{"name": name} for name in dict.fromkeys(tag(each) for each in api.operations)],
        "paths": paths,
        "components": {
            "schemas": used(schemas.told, [paths, responses]),
            "responses": dict(sorted(responses.items())),
        },
    }


def _security(api: Api, issuer: str) -> Mapping[str, Json]:
    scopes = {scope.value: meaning for scope, meaning in api.meanings.items()}
    token = f"{issuer}/oauth/token"
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "Access tokens of the tenant itself.",
            "flows": {
                "clientCredentials": {"tokenUrl": token, "scopes": scopes},
                "authorizationCode": {
                    "authorizationUrl": f"{issuer}/oauth/authorize",
                    "tokenUrl": token,
                    "refreshUrl": token,
                    "scopes": scopes,
                },
            },
        }
    }
