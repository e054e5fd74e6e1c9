"""The console's routes: nothing is served below ``/admin`` that has not said what it asks for."""

from authgate.accounts.guarded_routes import Doors, GuardedRoutes
from authgate.permissions import Area, reads


class ConsoleRoutes(GuardedRoutes):
    """Routes of one part of the console."""

    def __init__(self, name: str, doors: Doors) -> None:
        super().__init__(f"console-{name}", doors, least=reads(Area.OVERVIEW))
