"""``celery -A authgate_workers.app``: workers with the settings of their environment."""

from authgate.diagnosis import production
from authgate.settings import Settings
from authgate_workers.tasks import celery_app


def _settings() -> Settings:
    settings = Settings()
    production.refuse(settings)
    return settings


app = celery_app(_settings)
