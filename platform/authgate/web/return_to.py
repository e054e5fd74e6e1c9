"""Where a browser may be sent after a form: a page of the same tenant, and nowhere else."""

import re

from authgate_tenants import current_tenant

_PLAIN = re.compile(r"/[A-Za-z0-9._~/-]*(?:\?[A-Za-z0-9._~/?&=%:+-]*)?\Z")
_LONGEST = 2048


def safe(target: str | None, *, otherwise: str) -> str:
    """The target if it is a plain path of this tenant, else a path of ours.

    Browsers read ``//``, a backslash and control characters as another host; none of them is in
    what is allowed. Below ``/t/`` are other tenants, where this one is served at the root.
    """
    prefix = current_tenant().prefix
    if target and len(target) <= _LONGEST and _PLAIN.match(target) and "//" not in target:
        path = target.partition("?")[0]
        is_ours = path.startswith(f"{prefix}/") and not (prefix == "" and path.startswith("/t/"))
        if is_ours and "/.." not in path:
            return target
    return f"{prefix}{otherwise}"
