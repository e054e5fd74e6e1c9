"""What the connections of a Hypercorn worker share."""

from hypercorn.asyncio.worker_context import WorkerContext

from authgate.serving.crowd import Crowd


class DrainingContext(WorkerContext):
    """What all connections of a worker share: whether it is leaving, and who else is there."""

    def __init__(self, *, crowd: Crowd, stalled_seconds: float) -> None:
        super().__init__(None)
        self.draining = False
        self.crowd = crowd
        self.stalled_seconds = stalled_seconds
