"""Mails, as the page shows them that keeps those which are sent nowhere."""

import re
from html import unescape

from authgate_tenants import Tenant
from authgate_testing.server import RunningServer


async def link_in_mail(server: RunningServer, tenant: Tenant) -> str:
    """The newest link."""
    page = (await server.http.get(f"{tenant.issuer}/mails")).text
    return unescape(re.findall(r'<a href="([^"]+)" class="mail-link"', page)[0])
