"""Where a path given to a container leads, seen from its working directory.

All done lexically, as Dagger does it: links are followed later, by the edge that touches the tree.
"""

from __future__ import annotations

import posixpath


def absolute(path: str, workdir: str = "") -> str:
    """Clean absolute form of `path`; `..` stops at the root."""
    return "/" + posixpath.normpath(posixpath.join("/", workdir, path)).lstrip("/")


def absolute_keeping_slash(path: str, workdir: str = "") -> str:
    """As `absolute`, but an absolute path that ends with a slash keeps it: "into this directory"."""
    clean = absolute(path, workdir)
    return clean + "/" if path.startswith("/") and path.endswith("/") and clean != "/" else clean


def changed(old: str, new: str) -> str:
    """Working directory after `withWorkdir(new)`: an absolute one is kept as it is written."""
    return new if new.startswith("/") else absolute(new, old)


def is_below(path: str, top: str) -> bool:
    """Whether a clean path is `top` or below it."""
    return top in (path, "/") or path.startswith(top + "/")


def relative(path: str, top: str) -> str:
    """Rest of a clean path below `top`, starting with a slash."""
    return "/" + path.removeprefix(top).lstrip("/")
