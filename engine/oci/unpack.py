"""Apply a layer tar to a file tree, trusting nothing in it.

Rule 1: a name is taken from the tree's root; one that climbs above it is an error.
Rule 2: a link in the middle of a name is followed inside the tree, as in a container; the last part never.
Rule 3: what an entry replaces is removed first; only a directory over a directory keeps its contents.
"""

# ruff: noqa: PTH101, PTH102, PTH108, PTH115, PTH120, PTH211 - strings throughout: Paths would take the time

from __future__ import annotations

import errno
import os
import shutil
import stat
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from engine.errors import ImageError
from engine.oci.layer import OPAQUE, WHITEOUT
from engine.oci.tar_stream import TarStream

if TYPE_CHECKING:
    import tarfile
    from pathlib import Path

    from engine.oci.compression import Source

_ATTRIBUTE = "SCHILY.xattr."
_ENGINE_ATTRIBUTES = ("trusted.overlay.", "user.overlay.")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LINKS_IN_A_NAME = 40  # the kernel's own limit (path_resolution(7))


def unpack_tar(stream: Source, root: Path) -> None:
    """Unpack any tar as `apply_layer` does, but no name means something special in it."""
    _Unpacker(os.fspath(root), marks=False).apply(TarStream(stream))


def apply_layer(stream: Source, root: Path) -> None:
    """Apply a layer tar that is already decompressed (OCI image specification, layer.md, "Applying Changesets").

    Nothing outside `root` is read or written. Raises ImageError for an archive that is damaged or hostile; the tree is
    then half changed.
    """
    _Unpacker(os.fspath(root)).apply(TarStream(stream))


class _Unpacker:
    def __init__(self, root: str, *, marks: bool = True) -> None:
        self._root = root
        self._marks = marks
        self._real: dict[str, str] = {"": root}  # directory as named in the tar → where it is
        self._made: set[str] = set()
        self._directory_times: dict[str, int] = {}

    def apply(self, tar: TarStream) -> None:
        for info in tar:
            parts = _parts(info.name)
            try:
                self._entry(tar, info, parts)
            except OSError as error:
                # An entry may have replaced what was looked up before, a loop of links, a full disk, a name too long.
                raise ImageError(f'cannot unpack "{info.name}" of the layer: {error.strerror}') from error
        for path, mtime in self._directory_times.items():
            os.utime(path, ns=(mtime, mtime))

    def _entry(self, tar: TarStream, info: tarfile.TarInfo, parts: list[str]) -> None:
        if not parts:
            self._root_entry(info)
            return
        base = parts[-1]
        if self._marks and base.startswith(WHITEOUT):
            self._whiteout("/".join(parts[:-1]), base)
            return
        parent = self._parent("/".join(parts[:-1]))
        path = f"{parent}/{base}"
        if info.isdir():
            self._make_directory(path)
        else:
            self._make(tar, info, path)
        self._made.add(path)
        if not info.islnk():
            self._describe(path, info)

    def _root_entry(self, info: tarfile.TarInfo) -> None:
        if not info.isdir():
            raise ImageError(f'the layer replaces the root directory by "{info.name}"')
        self._describe(self._root, info)

    # Where things are.

    def _parent(self, name: str) -> str:
        """Give the real directory of that name, made if it is missing."""
        known = self._real.get(name)
        if known is None:
            known = self._real[name] = self._walk(name)
        return known

    def _walk(self, name: str) -> str:
        pending = name.split("/")[::-1]
        path, links = self._root, 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                path = path if path == self._root else os.path.dirname(path)
                continue
            inner = f"{path}/{part}"
            try:
                mode = os.lstat(inner).st_mode
            except FileNotFoundError:
                os.mkdir(inner, 0o755)
                os.chmod(inner, 0o755)  # noqa: S103 - whatever the umask says
                self._made.add(inner)
                path = inner
                continue
            if stat.S_ISLNK(mode):
                links += 1
                if links > _LINKS_IN_A_NAME:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = os.readlink(inner)
                path = self._root if target.startswith("/") else path
                pending.extend(target.split("/")[::-1])
            elif stat.S_ISDIR(mode):
                path = inner
            else:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return path

    # Removing.

    def _whiteout(self, parent: str, base: str) -> None:
        directory = self._parent(parent)
        if base == OPAQUE:
            self._clear(directory)
        elif base.startswith(WHITEOUT * 2):
            return  # bookkeeping of aufs, from where the marks come
        else:
            name = base.removeprefix(WHITEOUT)
            if name in ("", ".", ".."):
                raise ImageError(f'the layer removes "{parent}/{name}", which is not a name')
            if f"{directory}/{name}" not in self._made:
                self._remove(f"{directory}/{name}")

    def _clear(self, directory: str) -> None:
        """Remove what lower layers left in the directory, not what this layer made."""
        made = [path for path in self._made if path.startswith(directory + "/")]
        kept = {directory} | {ancestor for path in made for ancestor in _ancestors(path, directory)}
        for entry in list(os.scandir(directory)):
            if entry.path not in kept:
                self._remove(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                self._clear(entry.path)

    def _remove(self, path: str) -> None:
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            shutil.rmtree(path)
            self._made = {made for made in self._made if not made.startswith(path + "/")}
            self._directory_times = {
                p: t for p, t in self._directory_times.items() if not f"{p}/".startswith(path + "/")
            }
        else:
            os.unlink(path)
        if not stat.S_ISREG(mode):
            self._real = {"": self._root}

    # Making.

    def _make_directory(self, path: str) -> None:
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                self._remove(path)
                os.mkdir(path, 0o700)

    def _make(self, tar: TarStream, info: tarfile.TarInfo, path: str) -> None:
        source = self._link_source(info) if info.islnk() else ""
        if source == path:
            return
        try:
            self._make_new(tar, info, path, source)
        except FileExistsError:
            self._remove(path)
            self._make_new(tar, info, path, source)

    def _link_source(self, info: tarfile.TarInfo) -> str:
        parts = _parts(info.linkname)
        source = f"{self._parent('/'.join(parts[:-1]))}/{parts[-1]}" if parts else self._root
        try:
            if not stat.S_ISDIR(os.lstat(source).st_mode):
                return source
        except FileNotFoundError:
            pass
        raise ImageError(f'"{info.name}" of the layer is a link to "{info.linkname}", which is not a file of the image')

    def _make_new(self, tar: TarStream, info: tarfile.TarInfo, path: str, source: str) -> None:
        if info.isreg():
            _write_file(tar, info, path)
        elif info.islnk():
            os.link(source, path, follow_symlinks=False)
        elif info.issym():
            os.symlink(info.linkname, path)
        elif info.isfifo():
            os.mkfifo(path, 0o600)
        elif info.ischr() or info.isblk():
            self._make_device(info, path)
        else:
            raise ImageError(f'"{info.name}" of the layer has the unknown type {info.type!r}')

    def _make_device(self, info: tarfile.TarInfo, path: str) -> None:
        device = os.makedev(info.devmajor, info.devminor)
        if info.isblk():
            # Containers have no device cgroup, and their seccomp profile forbids to make such a node.
            raise ImageError(
                f'"{info.name}" of the layer is a block device, through which a container could open a disk of this '
                "machine; remove it from the image"
            )
        if not device:
            raise ImageError(f'"{info.name}" of the layer is the device 0:0, which overlayfs takes for a removed file')
        os.mknod(path, stat.S_IFCHR | 0o600, device)

    def _describe(self, path: str, info: tarfile.TarInfo) -> None:
        """Owner first: changing it clears special bits and capabilities. A directory's time waits for its contents."""
        os.chown(path, info.uid, info.gid, follow_symlinks=False)
        if not info.issym():
            os.chmod(path, info.mode & 0o7777)
        for key, value in info.pax_headers.items():
            if key.startswith(_ATTRIBUTE):
                _set_attribute(path, key.removeprefix(_ATTRIBUTE), value)
        mtime = _nanoseconds(info)
        if info.isdir():
            self._directory_times[path] = mtime
        else:
            os.utime(path, ns=(mtime, mtime), follow_symlinks=False)


def _parts(name: str) -> list[str]:
    """Split a name, resolving `.` and `..` as text; raises ImageError when it leads out of the tree."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                raise ImageError(f'the layer has an entry that leads out of its root: "{name}"')
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts


def _ancestors(path: str, top: str) -> list[str]:
    found = []
    while path != top:
        found.append(path)
        path = os.path.dirname(path)
    return found


def _write_file(tar: TarStream, info: tarfile.TarInfo, path: str) -> None:
    descriptor = os.open(path, _NEW, 0o600)
    try:
        for offset, data in tar.contents(info):
            if offset is not None:
                os.lseek(descriptor, offset, os.SEEK_SET)
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        if info.issparse():
            os.ftruncate(descriptor, info.size)
    finally:
        os.close(descriptor)


def _set_attribute(path: str, name: str, value: str) -> None:
    if name.startswith(_ENGINE_ATTRIBUTES):
        return
    try:
        os.setxattr(path, name, value.encode("utf-8", "surrogateescape"), follow_symlinks=False)
    except OSError as error:
        # As containerd: a file system that has no such attributes may drop them, but never a capability.
        if error.errno != errno.ENOTSUP or name.startswith("security."):
            raise


def _nanoseconds(info: tarfile.TarInfo) -> int:
    """Exactly, where tarfile has rounded it to a float."""
    text = info.pax_headers.get("mtime")
    try:
        return int(Decimal(text) * 1_000_000_000) if text else int(info.mtime) * 1_000_000_000
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ImageError(f'"{info.name}" of the layer has no readable time') from error
