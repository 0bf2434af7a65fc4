"""Make, enter and remove network namespaces that are held by a file."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.errors import CommandFailed, HostError
from engine.linux import syscalls
from engine.linux.process import missing
from engine.network import netlink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

T = TypeVar("T")


class Namespace:
    """A network namespace, held by a bind mount at `path`: it lives until it is removed, without any process in it.

    All calls block for some milliseconds at most. They work in threads of their own: a thread that has entered a
    namespace must never be used again for anything else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> Namespace:
        """Make an empty one, with a loopback that is down."""
        path.touch(exist_ok=False)
        try:
            _in_thread(lambda: _create(path))
        except OSError as error:
            path.unlink()
            raise HostError(
                f"cannot make a network namespace ({error.strerror}): it needs root, or --privileged"
            ) from error
        return cls(path)

    def remove(self) -> None:
        """Let go of it; the kernel takes its links away as soon as no process is in it."""
        syscalls.umount2(self.path, syscalls.MNT_DETACH)
        self.path.unlink()

    def call(self, action: Callable[[], T]) -> T:
        """Run an action inside."""
        return _in_thread(lambda: self._enter_and(action))

    def run(self, command: Sequence[str], text: str = "") -> None:
        """Run a program of the host inside; raises CommandFailed with what it said."""
        try:
            result = self.call(lambda: subprocess.run(command, input=text.encode(), capture_output=True, check=False))
        except FileNotFoundError as error:
            raise CommandFailed(missing(command[0])) from error
        if result.returncode:
            raise CommandFailed(f"`{' '.join(command)}` failed: {result.stderr.decode(errors='replace').strip()}")

    def send(self, messages: Sequence[bytes]) -> None:
        """Send messages of netlink to the kernel inside."""
        self.call(lambda: netlink.send(messages))

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Give a descriptor of it."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def socket(self) -> socket.socket:
        """Give a TCP socket that belongs to it, whoever uses it; non-blocking."""
        made = self.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        made.setblocking(False)  # noqa: FBT003
        return made

    def _enter_and(self, action: Callable[[], T]) -> T:
        with self.opened() as descriptor:
            syscalls.setns(descriptor, syscalls.CLONE_NEWNET)
        return action()


def _create(path: Path) -> None:
    syscalls.unshare(syscalls.CLONE_NEWNET)
    syscalls.mount("/proc/thread-self/ns/net", path, flags=syscalls.MS_BIND)


class _Outcome(Generic[T]):
    value: T
    error: BaseException | None = None


def _in_thread(action: Callable[[], T]) -> T:
    outcome: _Outcome[T] = _Outcome()

    def act() -> None:
        try:
            outcome.value = action()
        except BaseException as error:  # noqa: BLE001 (raised again by the caller's thread)
            outcome.error = error

    thread = threading.Thread(target=act, name="network-namespace")
    thread.start()
    thread.join()
    if outcome.error:
        raise outcome.error
    return outcome.value
