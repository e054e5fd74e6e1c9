"""The objects of a bucket: events of a day, a line of JSON for each, compressed.

A name says which events are in it, so what is written again after a crash is written over itself.
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from authgate.plugin_api import AuditEvent, as_json
from authgate_s3.settings import BucketConfig


@dataclass(frozen=True, slots=True)
class BucketObject:
    """One of them."""

    key: str
    """Its name: of plain characters."""
    content: bytes


def objects(events: Sequence[AuditEvent], config: BucketConfig) -> Iterator[BucketObject]:
    """One for each day, in UTC."""
    for day, of_day in groupby(events, key=lambda each: f"{each.occurred_at:%Y/%m/%d}"):
        some = list(of_day)
        name = f"{day}/{some[0].id}-{some[-1].id}"
        yield _object(some, name, config)


def of_trial(events: Sequence[AuditEvent], config: BucketConfig) -> BucketObject:
    """The one that is written to see whether it can be."""
    return _object(events, "test", config)


def _object(events: Sequence[AuditEvent], name: str, config: BucketConfig) -> BucketObject:
    lines = b"".join(b"%b\n" % as_json(each, config.format) for each in events)
    # Without a time in it, so that the same events are the same bytes.
    return BucketObject(
        f"{config.prefix}{events[0].tenant}/{name}.jsonl.gz", gzip.compress(lines, mtime=0)
    )
