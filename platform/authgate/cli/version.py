"""``authgate version``."""

import platform

from authgate import __version__
from authgate.cli.output import Format, Output, show


def version(output: Output = Format.TABLE) -> None:
    """Tell which AuthGate this is."""
    show({"authgate": __version__, "python": platform.python_version()}, output)
