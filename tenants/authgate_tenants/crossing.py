"""The one way out of a tenant's scope that is not its end: for operators of the installation.

A contract (``pyproject.toml``) says which module may use it.
"""

from authgate_tenants.scope import CrossTenant, _current, current_tenant


class leave_tenant:  # noqa: N801  # used as a statement, not as a type
    """Go out of the operators' tenant until the block ends: what is done for another one is the
    installation's, and its wall holds as for anybody.

    Raises ``CrossTenant`` in every other tenant's scope: there is no way from one to the next.
    """

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        if not current_tenant().operates:
            raise CrossTenant(f"Nobody leaves the scope of {current_tenant().slug}.")
        self._token = _current.set(None)

    def __exit__(self, *_error: object) -> None:
        _current.reset(self._token)
