"""The errors of the engine; each carries what its message needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class EngineError(Exception):
    """Root of every error that a user of the engine may see; `str()` of it is one clear sentence."""

    @property
    def extensions(self) -> Mapping[str, object]:
        """What the error adds to a GraphQL response (graphql-core copies it)."""
        return {}


class InvalidRequest(EngineError):
    """Raised when an argument of a call makes no sense."""


class PathError(EngineError):
    """Raised when a path is missing or is not of the kind that was asked for."""


class NotSupported(EngineError):
    """Raised when a field of Dagger's API is declared but not answered by this engine."""


class ExecError(EngineError):
    """Raised when a command ends with an exit code that was not expected.

    `extensions` has the shape that Dagger gives and its SDKs read (dagger core/exec_error.go).
    """

    def __init__(self, *, command: Sequence[str], exit_code: int, stdout: str, stderr: str, prefix: str = "") -> None:
        super().__init__(f"{prefix}exit code: {exit_code}")
        self.command = list(command)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr

    @property
    def extensions(self) -> Mapping[str, object]:
        """Command, exit code and both streams."""
        return {
            "_type": "EXEC_ERROR",
            "cmd": self.command,
            "exitCode": self.exit_code,
            "stdout": self.stdout,
            "stderr": self.stderr,
        }


class CommandFailed(EngineError):
    """Raised when a program of the host that the engine needs fails or is missing."""


class HostError(EngineError):
    """Raised when the host lacks what the engine needs: a privilege, a kernel feature, disk space."""


class ImageError(EngineError):
    """Raised when an image, a layer or a registry's answer is not what it must be."""


class BlobNotFound(EngineError):
    """Raised when a blob is not in the store."""


class DigestMismatch(ImageError):
    """Raised when bytes do not have the digest that names them."""
