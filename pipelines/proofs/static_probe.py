"""Fetch every static file of a running server and print what came as JSON; runs in a container of its own.

Standard library alone, but for brotli, which is borrowed from the image where it has it. It does not judge:
pipelines/proofs/static.py knows what was to be expected.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import os
import sys
import urllib.parse
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# The environment of the image, from which one library is borrowed.
sys.path += [
    str(path) for path in Path(os.environ.get("PROBE_LIBRARIES", "/nowhere")).glob("lib/python*/site-packages")
]
try:
    import brotli  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    brotli = None

Facts = dict[str, Any]

# As many as the server has workers: more would only wait.
_VISITORS = 4
_SECONDS = 30
_UNKNOWN = "0123456789ab"


def main() -> None:
    """Print what the image holds and what its server hands out."""
    root = Path(os.environ["PROBE_STATIC"])
    manifest: dict[str, str] = json.loads((root / "staticfiles.json").read_text())["paths"]
    names = sorted({*manifest, *manifest.values()})
    asked = [(name, encoding) for name in names for encoding in ("identity", "gzip", "br")]
    with ThreadPoolExecutor(_VISITORS) as visitors:
        answers = list(visitors.map(lambda pair: fetch(*pair), asked))
    unknown = [
        fetch(_misnamed(hashed), "identity") for hashed in (manifest.get("admin/css/base.css"), *names) if hashed
    ]
    facts = {
        "manifest": manifest,
        "held": {name: held(root, name) for name in names},
        "answers": answers,
        "unknown": unknown[:1],
        "brotli": brotli is not None,
    }
    json.dump(facts, sys.stdout)


def held(root: Path, name: str) -> Facts:
    """Describe one file of the image and its compressed forms; a file that is missing has no digest."""
    plain = _read(root / name)
    if plain is None:
        return {}
    found = {"sha256": _sha256(plain), "md5": hashlib.md5(plain, usedforsecurity=False).hexdigest()}
    for encoding, suffix in (("gzip", ".gz"), ("br", ".br")):
        packed = _read(root / f"{name}{suffix}")
        if packed is not None:
            found[encoding] = _sha256(packed)
            found[f"{encoding}-plain"] = _unpacked(packed, encoding)
    return found


def fetch(name: str, encoding: str) -> Facts:
    """Ask for one file in one encoding."""
    answer: Facts = {"name": name, "asked": encoding}
    try:
        status, headers, body = _get(f"/static/{urllib.parse.quote(name)}", encoding)
    except (OSError, http.client.HTTPException) as error:
        return answer | {"status": f"{type(error).__name__}: {error}"}
    sent = headers.get("Content-Encoding", "")
    return answer | {
        "status": status,
        "type": headers.get("Content-Type", ""),
        "caching": headers.get("Cache-Control", ""),
        "expires": headers.get("Expires", ""),
        "vary": headers.get("Vary", ""),
        "encoding": sent,
        "sha256": _sha256(body),
        "plain": _unpacked(body, sent),
    }


def _get(path: str, encoding: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    server = urllib.parse.urlsplit(os.environ["PROBE_URL"])
    connection = http.client.HTTPConnection(server.hostname or "", server.port, timeout=_SECONDS)
    # Production settings answer only what came through a proxy that ended TLS.
    headers = {"X-Forwarded-Proto": "https", "Accept-Encoding": encoding}
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _misnamed(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{_UNKNOWN}{dot}{suffix}"


def _unpacked(body: bytes, encoding: str) -> str:
    """Return the digest of what `body` unpacks to, or why there is none."""
    try:
        if encoding == "gzip":
            return _sha256(gzip.decompress(body))
        if encoding == "br":
            return _sha256(brotli.decompress(body)) if brotli else "brotli is not installed"
    except (OSError, EOFError, zlib.error) as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - brotli's own error has no common base
        return f"{type(error).__name__}: {error}"
    return _sha256(body)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
