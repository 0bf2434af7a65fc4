"""Mount overlay file systems of many layers."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from engine.errors import HostError
from engine.linux.syscalls import CLONE_FS, MS_NOATIME, MS_RDONLY, mount, unshare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PAGE = 4096
_MOST_LOWERS = 500
"""What the kernel allows (fs/overlayfs, OVL_MAX_STACK)."""

_OPTIONS = (
    # Uppers become lowers of other mounts, and may be copied with the store: no index that ties them to file handles.
    "index=off",
    # A renamed directory must be whole in its layer, not point into a lower one: layers are read one by one.
    # `nofollow` also ignores a redirect that an imported layer may have smuggled in.
    "redirect_dir=nofollow",
    # The same for a file whose mode changed: its data must be in the layer that changed it.
    "metacopy=off",
    # All layers are on one file system, so inode numbers are unique as they are.
    "xino=off",
    # Otherwise the kernel marks the upper root with an attribute of its own.
    "uuid=off",
)
# An upper is used by one mount only and thrown away with what a crash of the machine left: its syncs, and the one at
# unmounting, would protect nothing.
_UPPER_OPTIONS = ("volatile",)


class Overlays:
    """Mounts overlays whose lower directories all lie in one directory.

    Mount options must fit into one page (mount(2)), so lowers are given relative to a working directory: one thread has
    that of its own. Methods block; call them in a thread.
    """

    def __init__(self, layers: Path) -> None:
        self._layers = layers
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="overlay", initializer=self._enter)

    def _enter(self) -> None:
        unshare(CLONE_FS)
        os.chdir(self._layers)

    def mount(
        self, target: Path, lowers: Sequence[str], *, upper: Path | None = None, work: Path | None = None
    ) -> None:
        """Mount at `target`; `lowers` are names in the layers' directory, lowest first. Without an upper, read-only."""
        flags = MS_NOATIME | (0 if upper else MS_RDONLY)
        options = self._options(lowers, upper, work)
        if len(lowers) > _MOST_LOWERS or len(os.fsencode(options)) >= _PAGE:
            raise HostError(
                f"{len(lowers)} layers are more than overlayfs takes; start from an image with fewer layers"
            )
        try:
            self._thread.submit(mount, "overlay", target, "overlay", flags, options).result()
        except OSError as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _options(self, lowers: Sequence[str], upper: Path | None, work: Path | None) -> str:
        options = ["lowerdir=" + ":".join(reversed(lowers)), *_OPTIONS]
        if upper and work:
            options += [f"upperdir={self._relative(upper)}", f"workdir={self._relative(work)}", *_UPPER_OPTIONS]
        elif len(lowers) == 1:
            raise ValueError("a read-only overlay has at least two layers")
        return ",".join(options)

    def _relative(self, path: Path) -> str:
        return os.path.relpath(path, self._layers)

    def _explained(self, error: OSError) -> OSError | HostError:
        match error.errno:
            case errno.EPERM | errno.EACCES:
                return HostError("mounting an overlay needs CAP_SYS_ADMIN; run the engine as root")
            case errno.ENODEV:
                return HostError("this kernel has no overlayfs; load its module (modprobe overlay)")
            case errno.EINVAL:
                return HostError(
                    f"cannot mount an overlay over {self._layers}: needs Linux 5.11 or later and a state directory "
                    "on ext4, xfs, btrfs or tmpfs, not on an overlay or a network file system"
                )
        return error
