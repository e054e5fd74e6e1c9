"""A QR code (ISO/IEC 18004) as the path of an SVG picture, drawn by the page itself."""

import segno

from authgate.web.second_factor_view_models import QrCode

_QUIET = 4
"""Modules without anything around it."""


def drawn(content: str) -> QrCode:
    """The picture of this content."""
    matrix = segno.make(content, error="m", micro=False).matrix
    path = [
        f"M{x + _QUIET} {y + _QUIET}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, is_dark in enumerate(row)
        if is_dark
    ]
    return QrCode(len(matrix) + 2 * _QUIET, "".join(path))
