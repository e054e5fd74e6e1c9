"""The migrations that there are."""

from pathlib import Path

from authgate.storage import migrations

MIGRATIONS = sorted(path.stem for path in Path(migrations.__path__[0]).glob("[0-9]*.py"))
"""By name, in order."""
