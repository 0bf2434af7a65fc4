"""Check HTTP basic authorization (RFC 7617): the user name is the session's token, the password is ignored."""

from __future__ import annotations

from base64 import b64decode
from hmac import compare_digest


def authorized(header: bytes | None, token: str) -> bool:
    """Whether an Authorization header carries the token."""
    scheme, _, encoded = (header or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return False
    try:
        user, _, _password = b64decode(encoded.strip(), validate=True).partition(b":")
    except ValueError:
        return False
    return compare_digest(user, token.encode())
