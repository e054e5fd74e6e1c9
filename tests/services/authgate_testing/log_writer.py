"""A process that does the job of writing a file of a tenant's log and stops half way, to be killed
there: ``python -m … TENANT EXPORT``."""

import asyncio
import sys
from uuid import UUID

from authgate.exports import audit_log, writing
from authgate.jobs import ExportAudit
from authgate.storage.audit import export_rows
from authgate_testing.file_writer import stopping_half_way

if __name__ == "__main__":
    writing.PIECE, export_rows.PAGE, audit_log._SETTLED_SECONDS = 3000, 10, 0.0
    asyncio.run(stopping_half_way(ExportAudit(sys.argv[2]), tenant_id=UUID(sys.argv[1])))
