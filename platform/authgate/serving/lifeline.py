"""The pipe by which a worker learns that its supervisor is no more, however it ended."""

import logging
import os
import select
import threading

logger = logging.getLogger(__name__)

ORPHANED = 4
"""Exit status of a worker that had not begun to serve when its supervisor died."""


class Lifeline:
    """Ends this process if the supervisor dies while the process only starts.

    It holds the listening socket: whoever connects would wait for it, and the next supervisor could
    not listen. A thread, since a start imports for a second before there is a loop.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._is_watched = False
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def hand_over(self) -> None:
        """Somebody else watches the descriptor from now on."""
        self._is_watched = True

    def _watch(self) -> None:
        # Not read(): the workers share this end, and one of them may have made it non-blocking.
        ended = select.poll()
        ended.register(self.descriptor, select.POLLIN)
        ended.poll()
        if not self._is_watched:
            logger.error("the supervisor is gone before the start was over")
            os._exit(ORPHANED)
