"""The console's routes: nothing is served below ``/admin`` that has not said what it asks for."""

from functools import wraps
from typing import ParamSpec

from quart import Response, current_app
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound

from authgate import audit
from authgate.accounts.guarded_routes import Doors, GuardedRoutes, Page
from authgate.accounts.visits import signed_in
from authgate.clock import Clock
from authgate.permissions import Area, Permission, reads
from authgate.provisioning import UnknownUser, looks

P = ParamSpec("P")


class ConsoleRoutes(GuardedRoutes):
    """Routes of one part of the console."""

    def __init__(self, name: str, doors: Doors, clock: Clock) -> None:
        self._clock = clock
        super().__init__(f"console-{name}", doors, least=reads(Area.OVERVIEW))
        self.blueprint.register_error_handler(UnknownUser, _gone)

    def get(self, rule: str, page: Page[P], asks: Permission) -> None:
        """A page that is shown to whom this is permitted: that a guest looks is in the log."""

        @wraps(page)
        async def looked(*args: P.args, **kwargs: P.kwargs) -> Response:
            user = signed_in().user
            if user.is_guest:
                actor = audit.user(user.id, user.username)
                await looks.note(actor, f"console:{asks.area.value}", now=self._clock())
            return await page(*args, **kwargs)

        super().get(rule, looked, asks)


async def _gone(_error: UnknownUser) -> ResponseReturnValue | HTTPException:
    """What is answered about somebody who has been removed since they were looked at."""
    return await current_app.handle_user_exception(NotFound())
