"""A file that the API hands out part by part."""

import hashlib
from collections.abc import Iterator
from typing import Any

from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.failures import Failure


def pieces(api: AdminApi, where: str) -> Iterator[bytes]:
    """One after the other. Raises ``Failure`` where they are not the file in the end."""
    digest = hashlib.sha256()
    told: dict[str, Any] = {"next": None}
    is_first = True
    while is_first or told["next"] is not None:
        told = api.post(f"{where}/content", {"cursor": told["next"]})
        piece: bytes = told["content"].encode()
        digest.update(piece)
        is_first = False
        yield piece
    if digest.hexdigest() != api.get(where)["sha256"]:
        raise Failure("What came is not the file: take it once more.")
