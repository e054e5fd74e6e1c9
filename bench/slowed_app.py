"""The product's application for a worker in which everything takes fifty times as long.

What it remembers for a second it remembers there for as long as a second's work takes: else each
wave would pay for reading it anew on a busy machine, and none would on a quiet one.
"""

from authgate import installation
from authgate.asgi import app

__all__ = ["app"]

_SLOWER = 50  # as `callgrind.PATIENCE` has it

for _name in ("_REMEMBERED_SECONDS", "_UNTOLD_SECONDS"):
    setattr(installation, _name, getattr(installation, _name) * _SLOWER)
