"""A tenant as a file: written by one installation, read by another, whose keys are others.

The form of the file is in ``docs/portability.md``.
"""

from authgate.portable import requests
from authgate.portable.document import UnfitFile
from authgate.portable.exports import Choice, export
from authgate.portable.imports import Brought, TenantIsHere, Wanted, bring_in, examine
from authgate.portable.passphrase import WeakPassphrase, WrongPassphrase
from authgate.portable.taken import Taken
from authgate.portable.takeover import take_over

__all__ = [
    "Brought",
    "Choice",
    "Taken",
    "TenantIsHere",
    "UnfitFile",
    "Wanted",
    "WeakPassphrase",
    "WrongPassphrase",
    "bring_in",
    "examine",
    "export",
    "requests",
    "take_over",
]
