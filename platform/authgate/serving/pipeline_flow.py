"""How much of a connection is read while requests on it wait for their turn."""

from asyncio import Transport
from collections import deque
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl


class PipelineFlow(FlowControl):
    """Reads on only once no request waits for its turn: else each answer would let in many more."""

    def __init__(self, transport: Transport, pipeline: deque[Any]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read on, if nothing waits."""
        if self.read_paused and not self._pipeline:
            super().resume_reading()
