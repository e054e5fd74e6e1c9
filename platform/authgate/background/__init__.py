"""What goes on beside the requests: who does each job, when the periodic ones are due, and where.

The server, the workers and the clock of the workers all read it here, so they agree.
"""

from authgate.background.handlers import performer
from authgate.background.queues import envelopes, job_queue, queue_of_workers
from authgate.background.schedule import schedule

__all__ = ["envelopes", "job_queue", "performer", "queue_of_workers", "schedule"]
