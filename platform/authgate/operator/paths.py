"""What varies in the paths of the operator API."""

from typing import Any

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "tenant_id": {
        "description": "The tenant's id.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa",
    },
    "plan": {
        "description": "The plan's name.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 63},
        "example": "free",
    },
    "import_id": {
        "description": "The file's id.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "01a22b9b-242f-72ca-909d-473febcc52b2",
    },
    "invitation_id": {
        "description": "The invitation's id.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc",
    },
    "announcement_id": {
        "description": "The announcement's id.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd",
    },
    "access_id": {
        "description": "The access's id.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc",
    },
}
"""By name, as OpenAPI has them."""
