"""HTTP/1.1 as uvicorn speaks it with httptools, made strict and able to leave politely.

httptools takes a request with ``Upgrade`` for the last HTTP on its connection and lets go of the
body; it accepts HTTP/0.9 and 2.0, any size of head, and a head that never ends.
"""

import asyncio
from asyncio import Transport
from collections import deque
from collections.abc import Coroutine
from contextvars import Context
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from authgate.serving.deadline import Deadline
from authgate.serving.draining_state import DrainingState
from authgate.serving.half_close import half_close
from authgate.serving.machine_door import DirectAnswer, MachineDoor, message
from authgate.serving.pipeline_flow import PipelineFlow
from authgate.serving.request_head import (
    CLEAR_COOKIES,
    HEAD_SECONDS,
    KEEP_ALIVE_SECONDS,
    MAX_HEAD_BYTES,
    HeadRefused,
    check_request,
    is_of_cookies,
)
from authgate.serving.stalled_peer import StalledPeer
from authgate.web.exchange import RequestHead

MOST_PIPELINED = 32
"""Requests that wait for the answer to another on their connection; the next one is refused, and
what follows it has to be asked again (RFC 9112 section 9.3.2)."""

_empty_context = Context().copy  # quicker than to make one
_NOWHERE = cast("list[tuple[bytes, bytes]]", deque[tuple[bytes, bytes]](maxlen=0))


class StrictHttpToolsProtocol(HttpToolsProtocol):
    """One HTTP/1.1 connection. It never turns into anything else."""

    server_state: DrainingState
    cycle: RequestResponseCycle | DirectAnswer | None  # type: ignore[assignment]  # None at first

    def __init__(
        self,
        *,
        config: Config,
        server_state: DrainingState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        door: MachineDoor | None,
        stalled_seconds: float,
    ) -> None:
        super().__init__(config, server_state, app_state, loop)
        self.gone = loop.create_future()
        """Done once the connection is."""
        self.answers: set[asyncio.Task[None]] = set()
        """Calls of the application, which may outlive the connection."""
        self._door = door
        self._direct: _Direct | None = None
        self._deaf = False
        self._has_ended = False
        self._refusal: int | None = None
        """What is said once everything that came before is answered."""
        self._in_head = False
        self._head_is_timed = False
        self._barren_bytes = 0
        self._unfinished = b""
        """The field that is not whole yet, of a head that is not."""
        self._deadline = Deadline(loop, self.abort)
        self._stalled_seconds = stalled_seconds
        self._exit = cast("Transport", _Exit(self))

    # --- the connection ---

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self.flow = PipelineFlow(transport, self.pipeline)
        self._peer = StalledPeer.of(transport, self.loop, seconds=self._stalled_seconds)
        self._deadline.set(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._peer.flows()
        self._deadline.cancel()
        if not self.gone.done():
            self.gone.set_result(None)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._peer.held_up()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._peer.flows()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._barren_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True  # the request is being answered, with the last answer
        except httptools.HttpParserError as error:
            cause, self._unfinished = error.__context__, b""
            self._refuse(cause.status if isinstance(cause, HeadRefused) else 400)
        else:
            if self._direct is not None:
                self._go_by_asgi()  # it is not whole yet: what may take time is not for the door
            self._look_at_what_is_unfinished(data)

    def _look_at_what_is_unfinished(self, data: bytes) -> None:
        if self._in_head:
            _, is_new, field = data.rpartition(b"\r\n")
            self._unfinished = field if is_new else self._unfinished + data
        # httptools keeps a field or a trailer until it is whole, however long that takes.
        if self._barren_bytes > MAX_HEAD_BYTES:
            self._refuse(431)
        elif self._in_head:
            self._time_head()

    def _time_head(self) -> None:
        # While we do not read, it is not the peer who takes its time.
        if not self._head_is_timed and not self.flow.read_paused:
            self._head_is_timed = True
            self._deadline.set(HEAD_SECONDS)

    def abort(self) -> None:
        self.transport.abort()

    @property
    def is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    # --- what the parser finds ---

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._in_head = True
        self._head_is_timed = False
        self._barren_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        # The parser leaves in what blanks follow a value, of which they are no part (RFC 9110 5.5).
        value = value.rstrip()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        version, method = self.parser.get_http_version(), self.parser.get_method()
        check_request(method=method, target=self.url, http_version=version, fields=self.headers)
        self._in_head = False
        self._unfinished = b""
        self._barren_bytes = 0
        self._deadline.unset()
        self.server_state.date()
        upgrade = self.parser.should_upgrade()
        if upgrade and self._announces_body():
            raise HeadRefused(400, "upgrade with a body")
        direct = None if upgrade or version != "1.1" else self._for_the_door(method)
        if direct is None:
            self._start_asgi(upgrade=upgrade)
        else:
            self._direct = direct
            self.headers = _NOWHERE  # a trailer must not pass for a header

    def _for_the_door(self, method: bytes) -> "_Direct | None":
        is_idle = self.cycle is None or self.cycle.response_complete
        if self._door is None or not is_idle or self.pipeline or b"%" in self.url:
            return None
        path, _, query = self.url.partition(b"?")
        host = next((value for name, value in self.headers if name == b"host"), b"")
        text = path.decode("latin-1")
        if not self._door.takes(host=host.decode("latin-1"), path=text):
            return None
        peer = self.client[0] if self.client else ""
        name = method.decode("ascii")
        return _Direct(RequestHead(name, text, query, self.headers, peer, gone=self._left))

    async def _left(self) -> None:
        await asyncio.wait([self.gone])

    def _start_asgi(self, *, upgrade: bool = False) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            raise HeadRefused(503, "too many requests ahead of their answers")
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers = self.scope["headers"] = headers
        super().on_headers_complete()
        self.headers = _NOWHERE
        if self.cycle is not None:
            self.cycle.transport = self._exit
            if upgrade or self.server_state.draining:
                self.cycle.keep_alive = False

    def _go_by_asgi(self) -> None:
        """Hand over what was meant for the door, as far as it has come."""
        direct, self._direct = self._direct, None
        if direct is not None:
            self.headers = cast("list[tuple[bytes, bytes]]", direct.head.headers)
            self._start_asgi()
            if direct.body:
                super().on_body(bytes(direct.body))

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
            for name, value in self.headers
        )

    def on_body(self, body: bytes) -> None:
        self._barren_bytes = 0
        if self._direct is None:
            super().on_body(body)
            return
        self._direct.body += body
        if self._door is not None and len(self._direct.body) > self._door.body_limit:
            self._go_by_asgi()

    def on_message_complete(self) -> None:
        self._barren_bytes = 0
        direct, self._direct = self._direct, None
        if direct is not None:
            self._start_direct(direct)
            return
        super().on_message_complete()
        if self.cycle is not None:
            self.cycle.more_body = False
            if self.cycle.response_complete:
                self._deadline.set(KEEP_ALIVE_SECONDS)  # the rest of a body has come after all

    # --- the answers ---

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._start(cycle.run_asgi(app))

    def _start_direct(self, direct: "_Direct") -> None:
        keep_alive = self.parser.should_keep_alive() and not self.server_state.draining
        self.cycle = DirectAnswer(keep_alive=keep_alive)
        self._start(self._answer_directly(direct, self.cycle))

    def _start(self, answer: Coroutine[Any, Any, None]) -> None:
        # An empty context: who starts this may be at the end of another request, of another tenant.
        # The name is there because a number of its own costs more.
        task = self.loop.create_task(answer, name="answer", context=_empty_context())
        self.answers.add(task)
        task.add_done_callback(self.answers.discard)

    async def _answer_directly(self, direct: "_Direct", cycle: DirectAnswer) -> None:
        assert self._door is not None  # noqa: S101  # it took the request
        try:
            answered = await self._door.answer(direct.head, bytes(direct.body))
            if self.flow.write_paused:
                await self.flow.drain()  # who does not read answers gets no more of them
            said = message(
                answered,
                date=self.server_state.date_line,
                closing=not cycle.keep_alive,
                is_head=direct.head.method == "HEAD",
            )
        except Exception:
            self.logger.exception("the application failed at its door")
            said = b""
        if cycle.disconnected or self.transport.is_closing():
            return
        if not said:
            self._write_refusal(500)
            return
        cycle.response_started = True
        self.transport.write(said)
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.end()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        if self._has_ended or self.transport.is_closing():
            return  # to whatever else was asked
        if self.pipeline:
            following = self.pipeline.pop()
            self.flow.resume_reading()
            self._start_asgi_task(*following)
            if self._in_head and not self._deaf:
                self._time_head()
        elif self._refusal is not None:
            self._write_refusal(self._refusal)
        elif not self._deaf:
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        self.flow.resume_reading()
        if self.cycle is not None and self.cycle.more_body:
            self._deadline.set(HEAD_SECONDS)  # for the rest of a body that nobody waits for
        elif self._in_head:
            self._time_head()
        else:
            self._deadline.set(KEEP_ALIVE_SECONDS)

    def drain(self) -> None:
        """Make the answer being prepared, if there is one, the last of this connection."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def _refuse(self, status: int) -> None:
        """Answer what came before, then refuse, then read no more."""
        self._deaf = True
        self._deadline.unset()
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._write_refusal(status)
        elif not cycle.more_body:
            self._refusal = status
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._refuse_broken(cycle, status)

    def _refuse_broken(self, cycle: RequestResponseCycle | DirectAnswer, status: int) -> None:
        """Refuse the request that is being read, whose body makes no sense."""
        if self.pipeline:
            self.pipeline.popleft()  # its turn would have come last
            self._refusal = status
        elif cycle.response_started:
            self.transport.close()
        else:
            self._write_refusal(status)

    def _write_refusal(self, status: int) -> None:
        self.server_state.date()
        fields = list(self.server_state.default_headers)
        received = (b"%b: %b" % field for field in self.headers)
        if status == 431 and is_of_cookies([*received, self._unfinished]):
            fields.append(CLEAR_COOKIES)
        head = b"".join(b"%s: %s\r\n" % field for field in fields)
        self.transport.write(
            b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode())
            + head
            + b"content-length: 0\r\nconnection: close\r\n\r\n"
        )
        self.end()

    def end(self) -> None:
        """Hear no more, and close once everything is sent and the peer has had time to read it."""
        self._deaf = self._has_ended = True
        self.pipeline.clear()
        self._deadline.unset()
        if not self.transport.is_closing():
            self.flow.resume_reading()
            half_close(self.transport)


class _Direct:
    """A request for the door, as far as it has come."""

    __slots__ = ("body", "head")

    def __init__(self, head: RequestHead) -> None:
        self.head = head
        self.body = bytearray()


class _Exit:
    """The transport as an answer sees it, which closes it without a thought for the peer."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: StrictHttpToolsProtocol) -> None:
        self._protocol = protocol

    def write(self, data: bytes) -> None:
        # An answer learns that its peer has left only if no other was asked for behind it.
        if not self.is_closing():
            self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        self._protocol.end()
