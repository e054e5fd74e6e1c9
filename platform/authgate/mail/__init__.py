"""Mail: letters out of templates, stored with what they tell of, handed to a server afterwards."""

from authgate.mail.delivery import Delivery
from authgate.mail.letters import Letter, written
from authgate.mail.post import TooManyMails, nobody, post, post_owed, refuse_flood
from authgate.mail.servers import MailServers
from authgate.mail.smtp import NotSent, Server

__all__ = [
    "Delivery",
    "Letter",
    "MailServers",
    "NotSent",
    "Server",
    "TooManyMails",
    "nobody",
    "post",
    "post_owed",
    "refuse_flood",
    "written",
]
