"""All that is measured, by every server process together, for whoever asks for it."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from authgate.telemetry import shared_folder
from authgate.telemetry.families import REGISTRY


def exposition() -> tuple[str, bytes]:
    """Content type and text of everything measured, by every server process."""
    return CONTENT_TYPE_LATEST, generate_latest(_of_every_process())


def levels(*families: str) -> dict[str, dict[str, float]]:
    """What these families say now, for every server process together, by the value of their one
    label."""
    return {
        family.name: {"".join(each.labels.values()): each.value for each in family.samples}
        for family in _of_every_process().collect()
        if family.name in families
    }


def _of_every_process() -> CollectorRegistry:
    if shared_folder.VARIABLE not in os.environ:
        return REGISTRY
    shared_folder.forget_the_dead()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it is not annotated
    return registry
