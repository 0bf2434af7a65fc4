"""Run the engine in a PID and a mount namespace of its own, which end with it.

    outer process        in the host's namespaces; waits, passes signals on, gives the exit status
    └─ init              process 1 of the new PID namespace: reaps, passes signals on; its end kills all that is left
       └─ engine         runs the body

The kernel kills init when the outer process ends, and everything in the namespace with init; the mounts go with the
last process. So nothing is left on the host, however the engine ends.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

from engine.errors import HostError
from engine.linux.syscalls import (
    CLONE_NEWNS,
    CLONE_NEWPID,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_REC,
    MS_SLAVE,
    PR_SET_PDEATHSIG,
    mount,
    prctl,
    setns,
    unshare,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_PASSED_ON = frozenset({signal.SIGTERM, signal.SIGINT})
_AWAITED = _PASSED_ON | {signal.SIGCHLD}
_SI_KERNEL = 0x80
"""`si_code` of a signal from the terminal (sigaction(2)): all of its foreground processes have had it."""


def run_in_sandbox(body: Callable[[], int]) -> int:
    """Run `body` in a process of its own namespaces; gives its exit status, 128 + signal when a signal ended it.

    Call before any thread is started. The body has umask 0, this process's standard streams, and a /proc of its own.
    SIGTERM and SIGINT to this process reach the body's. Raises HostError when this process may not do so.
    """
    # A parent may have made the kernel reap our children.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    try:
        return _guarded(body, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _guarded(body: Callable[[], int], mask: set[int | signal.Signals]) -> int:
    report, reporting = os.pipe()
    alive, living = os.pipe()
    init = _fork_into_new_namespace()
    if init == 0:
        os.close(report)
        os.close(living)
        _be_init(body, mask, reporting, alive)
    os.close(reporting)
    os.close(alive)
    try:
        with os.fdopen(report, "rb") as reader:
            failure = reader.read().decode()
        status = _wait_for(init)
    finally:
        os.close(living)
    if failure:
        raise HostError(failure)
    return status


def _fork_into_new_namespace() -> int:
    with open("/proc/self/ns/pid", "rb") as own:  # noqa: PTH123 (Path would do no better)
        try:
            unshare(CLONE_NEWPID)
        except OSError as error:
            raise _explained(error, "make a PID namespace") from error
        try:
            _flush()
            return os.fork()
        finally:
            # Later children of this process are none of the sandbox's.
            if os.getpid() != 1:
                setns(own.fileno(), CLONE_NEWPID)


def _wait_for(child: int) -> int:
    """Wait for a child to end, reap all others meanwhile, and pass signals on to it; gives its exit status."""
    while True:
        arrived = signal.sigwaitinfo(_AWAITED)
        if arrived.si_signo in _PASSED_ON:
            if arrived.si_code != _SI_KERNEL:
                os.kill(child, arrived.si_signo)
            continue
        for ended, status in iter(_reaped, None):
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code


def _reaped() -> tuple[int, int] | None:
    """Reap one child that has ended, if there is one."""
    try:
        ended, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (ended, status) if ended else None


def _be_init(body: Callable[[], int], mask: set[int | signal.Signals], reporting: int, alive: int) -> NoReturn:
    """Be process 1: make the mount namespace, start the engine, end with its status."""
    try:
        _tie_to_parent(alive)
        _enter_mount_namespace()
        os.close(reporting)
        engine = os.fork()
        if engine == 0:
            _be_engine(body, mask)
        status = _wait_for(engine)
    except HostError as error:
        os.write(reporting, str(error).encode())
        status = 1
    except BaseException:  # noqa: BLE001 (the last frame of this process)
        traceback.print_exc()
        status = 1
    _flush()
    os._exit(status)


def _tie_to_parent(alive: int) -> None:
    """Have the kernel kill this process when the outer one ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before: then nobody holds the other end of the pipe.
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)


def _enter_mount_namespace() -> None:
    try:
        unshare(CLONE_NEWNS)
        # Slave: what the host mounts is seen here, what is mounted here is not seen there.
        mount("", "/", flags=MS_REC | MS_SLAVE)
    except OSError as error:
        raise _explained(error, "make a mount namespace") from error
    try:
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except OSError as error:
        raise _explained(error, "mount /proc") from error


def _be_engine(body: Callable[[], int], mask: set[int | signal.Signals]) -> NoReturn:
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    # Files of snapshots get exactly the modes they are given.
    os.umask(0)
    try:
        status = body()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BaseException:  # noqa: BLE001 (the last frame of this process)
        traceback.print_exc()
        status = 1
    _flush()
    os._exit(status)


def _flush() -> None:
    """Write what is buffered: a fork would write it twice, `_exit` not at all."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Closed by its reader; nobody is left to tell.
            continue


def _explained(error: OSError, action: str) -> HostError:
    if error.errno in {errno.EPERM, errno.EACCES}:
        return HostError(
            f"the embedded engine may not {action} (it needs CAP_SYS_ADMIN): run it as root, "
            "in a container with --privileged"
        )
    return HostError(f"the embedded engine cannot {action}: {error.strerror}")
