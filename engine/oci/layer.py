"""Turn what changed in a directory tree (an overlayfs upper directory) into a layer tar, the same for the same tree."""

# ruff: noqa: PTH115, PTH208 - strings throughout: a Path for each of tens of thousands of names is what would take the time

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING

from engine.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from engine.oci.compression import Sink

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"

_CHUNK = 1 << 18
_BLOCK = tarfile.BLOCKSIZE
_WHITEOUT_DEVICE = os.makedev(0, 0)
_OPAQUE_ATTRIBUTES = ("trusted.overlay.opaque", "user.overlay.opaque")
_UNREADABLE_ATTRIBUTES = (
    "trusted.overlay.redirect",
    "trusted.overlay.metacopy",
    "user.overlay.redirect",
    "user.overlay.metacopy",
)
# Dagger's layers (containerd's archive/tar.go) carry this one and drop `user.*`: recorded from a real Dagger.
_KEPT_ATTRIBUTE = "security.capability"

_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}


def write_layer(layer: Path, out: Sink) -> None:
    """Write the layer tar (OCI image specification, layer.md) of an overlayfs upper directory.

    Parents come before children, names in byte order, owners as numbers, times in whole seconds; the root has no entry.
    Raises ImageError when the directory changed meanwhile or cannot be told as a layer.
    """
    _Writer(os.fspath(layer), out).write()


class _Writer:
    def __init__(self, root: str, out: Sink) -> None:
        self._root = root
        self._out = out
        self._held = bytearray()
        self._first_names: dict[int, str] = {}

    def write(self) -> None:
        self._directory(self._root, "")
        self._held += bytes(2 * _BLOCK)
        self._pass_on()

    def _directory(self, path: str, prefix: str) -> None:
        for name in sorted(os.listdir(path), key=os.fsencode):
            self._entry(f"{path}/{name}", prefix + name)

    def _entry(self, path: str, name: str) -> None:
        status = os.lstat(path)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFCHR and status.st_rdev == _WHITEOUT_DEVICE:
            parent, _, base = name.rpartition("/")
            self._whiteout(f"{parent}/{WHITEOUT}{base}" if parent else WHITEOUT + base)
        elif kind == stat.S_IFDIR:
            self._directory_entry(path, name, status)
        elif kind in _TYPES:
            self._leaf(path, name, status)

    def _directory_entry(self, path: str, name: str, status: os.stat_result) -> None:
        attributes = os.listxattr(path, follow_symlinks=False)
        self._header(_info(path, name, status, attributes))
        if any(key in attributes and os.getxattr(path, key) == b"y" for key in _OPAQUE_ATTRIBUTES):
            self._whiteout(f"{name}/{OPAQUE}")
        self._directory(path, name + "/")

    def _leaf(self, path: str, name: str, status: os.stat_result) -> None:
        first = self._first_names.setdefault(status.st_ino, name) if status.st_nlink > 1 else name
        info = _info(path, name, status, os.listxattr(path, follow_symlinks=False))
        if first != name:
            info.type, info.linkname, info.size, info.pax_headers = tarfile.LNKTYPE, first, 0, {}
        self._header(info)
        if info.type == tarfile.REGTYPE and info.size:
            self._contents(path, info.size)

    def _whiteout(self, name: str) -> None:
        info = tarfile.TarInfo(name)
        info.mode = 0
        self._header(info)

    def _header(self, info: tarfile.TarInfo) -> None:
        self._held += info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if len(self._held) >= _CHUNK:
            self._pass_on()

    def _contents(self, path: str, size: int) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        left = size
        try:
            while left and (data := os.read(descriptor, min(left, _CHUNK))):
                left -= len(data)
                self._held += data
                if len(self._held) >= _CHUNK:
                    self._pass_on()
        finally:
            os.close(descriptor)
        if left:
            raise ImageError(f'a file of the layer became shorter while it was read: "{path}"')
        self._held += bytes(-size % _BLOCK)

    def _pass_on(self) -> None:
        self._out.write(bytes(self._held))
        self._held.clear()


def _info(path: str, name: str, status: os.stat_result, attributes: list[str]) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = _TYPES[stat.S_IFMT(status.st_mode)]
    info.mode = stat.S_IMODE(status.st_mode)
    info.uid, info.gid = status.st_uid, status.st_gid
    info.mtime = status.st_mtime_ns // 1_000_000_000
    if info.type == tarfile.REGTYPE:
        info.size = status.st_size
    elif info.type == tarfile.SYMTYPE:
        info.linkname = os.readlink(path)
    elif info.type in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    if attributes:
        info.pax_headers = _kept_attributes(path, attributes)
    return info


def _kept_attributes(path: str, attributes: list[str]) -> dict[str, str]:
    for name in _UNREADABLE_ATTRIBUTES:
        if name in attributes:
            raise ImageError(
                f'the layer has an overlayfs "{name}", which a tar cannot hold: '
                "mount with redirect_dir=off,metacopy=off"
            )
    if _KEPT_ATTRIBUTE not in attributes:
        return {}
    value = os.getxattr(path, _KEPT_ATTRIBUTE, follow_symlinks=False)
    return {f"SCHILY.xattr.{_KEPT_ATTRIBUTE}": value.decode("utf-8", "surrogateescape")}
