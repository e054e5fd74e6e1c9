"""The console's routes: nothing is served below ``/admin`` that has not said what it asks for."""

from quart import current_app
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound

from authgate.accounts.guarded_routes import Doors, GuardedRoutes
from authgate.permissions import Area, reads
from authgate.provisioning import UnknownUser


class ConsoleRoutes(GuardedRoutes):
    """Routes of one part of the console."""

    def __init__(self, name: str, doors: Doors) -> None:
        super().__init__(f"console-{name}", doors, least=reads(Area.OVERVIEW))
        self.blueprint.register_error_handler(UnknownUser, _gone)


async def _gone(_error: UnknownUser) -> ResponseReturnValue | HTTPException:
    """What is answered about somebody who has been removed since they were looked at."""
    return await current_app.handle_user_exception(NotFound())
