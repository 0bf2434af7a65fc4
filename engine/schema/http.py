"""Query.http: a file of the web."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.file import File, checked_length, checked_name
from engine.core.http import HttpRequest, checked_url, file_name
from engine.core.output import text
from engine.core.tree import Source
from engine.errors import InvalidRequest
from engine.schema.fields import Fields
from engine.schema.reaching import reached
from engine.solver.http_ops import HttpFile

if TYPE_CHECKING:
    from engine.core.secret import Secret
    from engine.core.service import Service
    from engine.session.session import Session

fields = Fields("Query")

_MODE = 0o600
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")


@fields.eager("http")
async def http(
    session: Session,
    _root: None,
    *,
    url: str,
    name: str | None = None,
    permissions: int | None = None,
    checksum: str | None = None,
    auth_header: Secret | None = None,
    experimental_service_host: Service | None = None,
) -> File:
    checked_url(url)
    if checksum and not _CHECKSUM.fullmatch(checksum):
        raise InvalidRequest(f'invalid checksum "{checksum}": it must be sha256: and 64 hexadecimal digits')
    authorization = text(await session.secrets.plaintext(auth_header)).strip() if auth_header else ""
    async with reached(session, experimental_service_host, url) as via:
        wanted = HttpFile(
            request=HttpRequest(url=url, authorization=authorization, via=via),
            identity=auth_header.identity if auth_header else "",
            name=checked_length(checked_name(name)) if name else file_name(url),
            mode=_MODE if permissions is None else permissions & 0o777,
            checksum=checksum or "",
        )
        return await fetched(session, wanted)


async def fetched(session: Session, wanted: HttpFile) -> File:
    """Give a file of the web."""
    snapshot = await session.web.fetch(wanted)
    return File(source=Source(snapshot=snapshot, path=f"/{wanted.name}"), name=wanted.name)
