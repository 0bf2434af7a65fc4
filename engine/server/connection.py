"""One client's connection: requests one after the other, as HTTP/1.1 wants them (RFC 9112)."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import anyio
import h11

from engine.server.authorization import authorized
from engine.server.response import Response, error_response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anyio.abc import SocketStream

    from engine.server.response import Handler

_log = logging.getLogger(__name__)

_CHUNK = 256 * 1024
_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 512 * 1024 * 1024
"""Bytes of a request: contents of files are sent in queries, but what is larger comes from `host`."""
_MOST_SENT_AHEAD = 256 * 1024
_SECONDS_TO_SAY_GOODBYE = 2
_PATH = b"/query"
_TOO_LONG = f"the request is longer than {_LONGEST_BODY >> 20} MiB: read large files with host.file or host.directory"
_CHALLENGE = (b"WWW-Authenticate", b'Basic realm="Access to the Dagger engine session"')

_Headers = list[tuple[bytes, bytes]]


class Connection:
    """Reads requests, has them answered, and stops the work of a request whose client goes away."""

    def __init__(self, stream: SocketStream, handler: Handler, token: str | None) -> None:
        self._stream = stream
        self._handler = handler
        self._token = token
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)

    async def run(self) -> None:
        """Answer requests until the client or a fault in its HTTP ends the connection."""
        try:
            while await self._exchange():
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await self._send(
                    error_response(str(error), status=error.error_status_hint), [(b"Connection", b"close")]
                )

    async def _exchange(self) -> bool:
        """Answer one request; whether another may follow."""
        request = await self._next_event()
        if not isinstance(request, h11.Request):
            return False
        refusal = self._refusal(request)
        declared = int(_header(request, b"content-length") or 0)
        body = await self._body(keep=refusal is None) if declared <= _LONGEST_BODY else None
        if body is None:
            await self._send(error_response(_TOO_LONG, status=413), [(b"Connection", b"close")])
            return False
        response, headers = refusal or (await self._answer(body), [])
        if response is None:
            return False
        await self._send(response, headers)
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _refusal(self, request: h11.Request) -> tuple[Response, _Headers] | None:
        if self._token is not None and not authorized(_header(request, b"authorization"), self._token):
            return Response(status=401, body=b""), [_CHALLENGE]
        if request.target.partition(b"?")[0] != _PATH:
            return error_response("not found: only /query is served", status=404), []
        if request.method != b"POST":
            return error_response("only POST is allowed", status=405), [(b"Allow", b"POST")]
        return None

    async def _body(self, *, keep: bool) -> bytes | None:
        """Read a request's body; None when it is too long, and then not to its end."""
        parts, length = bytearray(), 0
        while isinstance(event := await self._next_event(), h11.Data):
            length += len(event.data)
            if length > _LONGEST_BODY:
                return None
            if keep:
                parts += event.data
        return bytes(parts)

    async def _answer(self, body: bytes) -> Response | None:
        """Answer a request's body; None when the client went away meanwhile."""
        try:
            request = json.loads(body)
        except (ValueError, RecursionError) as error:
            return error_response(f"json request body could not be decoded: {error}", status=400)
        if not isinstance(request, dict):
            return error_response("json request body is not an object", status=400)
        response: Response | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, group.cancel_scope)
                response = await self._execute(request)
                group.cancel_scope.cancel()
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True), anyio.move_on_after(_SECONDS_TO_SAY_GOODBYE):
                await self._send(error_response("session is closing", status=503), [(b"Connection", b"close")])
            raise
        return response

    async def _execute(self, request: dict[str, object]) -> Response:
        try:
            return await self._handler.execute(request)
        except Exception as error:  # noqa: BLE001 (a dropped connection would make the client ask again)
            _log.exception("a fault of the engine")
            return error_response(f"internal error: {type(error).__name__}: {error}")

    async def _watch(self, request: anyio.CancelScope) -> None:
        """Cancel the request when the client closes its side."""
        ahead = 0
        while ahead < _MOST_SENT_AHEAD:
            try:
                data = await self._stream.receive(_CHUNK)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                request.cancel()
                return
            ahead += len(data)
            self._http.receive_data(data)

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._stream.send(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            try:
                self._http.receive_data(await self._stream.receive(_CHUNK))
            except anyio.EndOfStream:
                self._http.receive_data(b"")
        return event

    async def _send(self, response: Response, headers: Iterable[tuple[bytes, bytes]]) -> None:
        length = str(len(response.body)).encode()
        all_headers = [(b"Content-Type", b"application/json"), (b"Content-Length", length), *headers]
        head = self._http.send(h11.Response(status_code=response.status, headers=all_headers)) or b""
        body = self._http.send(h11.Data(data=response.body)) or b""
        end = self._http.send(h11.EndOfMessage()) or b""
        await self._stream.send(head + body + end)


def _header(request: h11.Request, name: bytes) -> bytes | None:
    return next((value for key, value in request.headers if key == name), None)
