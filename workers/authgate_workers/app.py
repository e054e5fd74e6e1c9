"""``celery -A authgate_workers.app``: workers with the settings of their environment."""

from authgate.settings import Settings
from authgate_workers.tasks import celery_app

app = celery_app(Settings)
