"""A lookup that does not say whose rows it wants: the walls alone decide what it finds."""

from authgate.storage.batches.lookups import Lookup


class _Forgetful(Lookup):
    def _of_tenant(self, mark: str) -> str:
        return ""


BY_USERNAME = _Forgetful("users", "canonical_username", ("tenant_id",))
"""Whose users have this name."""
