"""How this installation uses Celery: the same for who sends jobs and who does them.

The broker is Redis, or RabbitMQ where ``jobs.broker_url`` begins with ``amqp://`` or ``amqps://``.
"""

import ssl
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from authgate.jobs.job import JOB_SECONDS
from authgate.settings import Settings

QUEUE = "authgate-jobs"

PERIODIC_QUEUE = "authgate-periodic"
"""What beats send: it waits behind nothing that people have asked for, and nothing behind it."""

MOST_PERIODIC = 100
"""While so many of these wait beats send no more."""

KEY_PREFIX = "authgate:celery:"
"""Begins Celery's keys in a Redis that is used for other things as well."""

SIGNS_OF_LIFE = ("worker", "beat")
"""Who leaves a sign of life with the broker."""

SIGN_SECONDS = 60
"""How long one lasts."""

SENT_AT = "sent_at"
"""Header of a message: when it was sent, in Unix time."""

GRACE_SECONDS = 10
"""After how long a worker is killed that has not broken a job off by itself."""

_KILL_AFTER_SECONDS = JOB_SECONDS + GRACE_SECONDS
_DELIVER_AGAIN_AFTER_SECONDS = _KILL_AFTER_SECONDS + 50


class NoBroker(ValueError):
    """Celery is to be used, but no broker is set."""


def sign_of_life(whose: str) -> str:
    """Its key, as Celery's connection takes it: that puts ``KEY_PREFIX`` before it."""
    return f"heartbeat:{whose}"


def signs_of_life() -> dict[str, str]:
    """Every such key in full, by whose it is."""
    return {whose: f"{KEY_PREFIX}{sign_of_life(whose)}" for whose in SIGNS_OF_LIFE}


def celery_settings(settings: Settings) -> dict[str, Any]:
    """Celery's own settings. Raises ``NoBroker``."""
    broker = settings.jobs.broker_url or settings.redis_url
    if broker is None:
        raise NoBroker("Set AUTHGATE_REDIS_URL or AUTHGATE_JOBS__BROKER_URL.")
    return {
        "broker_url": _verified(broker.get_secret_value()),
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": _transport_options(broker.get_secret_value()),
        "broker_use_ssl": _verifying(broker.get_secret_value()),
        "broker_connection_timeout": 3,
        "task_default_queue": QUEUE,
        "task_queues": {name: {"routing_key": name} for name in (QUEUE, PERIODIC_QUEUE)},
        "task_create_missing_queues": False,
        # JSON only: a pickle would be a program.
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "result_backend": None,
        "task_ignore_result": True,
        # A job is acknowledged when it has been done, so that a killed worker's comes again.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # Nobody waits for results, which is what the dead could still have sent.
        "worker_lost_wait": 1.0,
        "worker_prefetch_multiplier": 1,
        "task_time_limit": _KILL_AFTER_SECONDS,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        # Remote control is not sealed as jobs are: whoever reaches the broker could use it.
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # Nothing on disk: whose turn it is says the database.
        "beat_scheduler": "celery.beat:Scheduler",
        "timezone": "UTC",
    }


def is_redis(url: str) -> bool:
    """Whether this broker is a Redis, and no RabbitMQ."""
    return urlsplit(url).scheme in ("redis", "rediss")


def at_once(url: str) -> dict[str, int]:
    """Transport options of whoever decides whether to ask again, and is not kept waiting."""
    if is_redis(url):
        return {"max_retries": 0, "socket_timeout": 3}
    return {"read_timeout": 3, "write_timeout": 3}


def _verifying(url: str) -> dict[str, Any] | None:
    """How the certificate of a RabbitMQ is verified: kombu would take any. Of a Redis the URL says
    it."""
    parts = urlsplit(url)
    if parts.scheme != "amqps":
        return None
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname}


def _transport_options(url: str) -> dict[str, Any]:
    if not is_redis(url):
        # What a killed worker had RabbitMQ gives to another one once the line is gone. Who sends is
        # answered when the broker has the job.
        return {"confirm_publish": True}
    return {
        "global_keyprefix": KEY_PREFIX,
        # What a killed worker had is given to another one after this time.
        "visibility_timeout": _DELIVER_AGAIN_AFTER_SECONDS,
        # By default one would look for it every 100 seconds only.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 3,
        "socket_timeout": 30,
        "socket_keepalive": True,
    }


def _verified(url: str) -> str:
    """The URL as it is meant: kombu would take any certificate unless told not to."""
    parts = urlsplit(url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in parse_qs(parts.query):
        return url
    query = "&".join(filter(None, [parts.query, "ssl_cert_reqs=required"]))
    return urlunsplit(parts._replace(query=query))
