"""A tenant as a file: written by one installation, read by another, whose keys are others.

The form of the file is in ``docs/portability.md``.
"""

from authgate.portable.document import UnfitFile
from authgate.portable.exports import Choice, export
from authgate.portable.imports import Brought, TenantIsHere, Wanted, bring_in, examine
from authgate.portable.passphrase import WeakPassphrase, WrongPassphrase

__all__ = [
    "Brought",
    "Choice",
    "TenantIsHere",
    "UnfitFile",
    "Wanted",
    "WeakPassphrase",
    "WrongPassphrase",
    "bring_in",
    "examine",
    "export",
]
