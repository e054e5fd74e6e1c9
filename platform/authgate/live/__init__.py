"""News of what changes while somebody waits for it: a device's code is decided, a file grows.

News say that something is different, and not what: whoever waits reads the database again, as the
person and in the tenant that they are. So nothing is told to the wrong one, and whoever may have
missed something is woken like everybody else. Who may wait, and for how long, is not decided here.
"""

from authgate.live.lookout import Look, Lookout
from authgate.live.news import Kind, News, Newsroom, Topic
from authgate.live.room import NoRoom, Room

__all__ = ["Kind", "Look", "Lookout", "News", "Newsroom", "NoRoom", "Room", "Topic"]
