"""The types of an ASGI application, as far as the servers hand it through."""

from collections.abc import Awaitable, Callable, MutableMapping

Message = MutableMapping[str, object]
Scope = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
LifespanState = dict[str, object]
