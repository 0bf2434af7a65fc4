"""Which operating system and processor an image is for."""

from __future__ import annotations

import os as _os
import re
from dataclasses import dataclass

from engine.errors import InvalidRequest

_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+")
_SYSTEMS = frozenset(
    [
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "hurd",
        "illumos",
        "ios",
        "js",
        "linux",
        "nacl",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "windows",
        "zos",
    ]
)
_PROCESSORS = frozenset(
    [
        "386",
        "amd64",
        "amd64p32",
        "arm",
        "arm64",
        "arm64be",
        "armbe",
        "loong64",
        "mips",
        "mips64",
        "mips64le",
        "mips64p32",
        "mips64p32le",
        "mipsle",
        "ppc",
        "ppc64",
        "ppc64le",
        "riscv",
        "riscv64",
        "s390",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    ]
)
_RENAMED = {"i386": "386", "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm"}
_IMPLIED = {"armhf": "v7", "armel": "v6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """An operating system, processor and processor variant, in the one normal form of containerd's `platforms`."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "") -> Platform:
        """Normalise names as other programs write them: `aarch64`, `arm64/v8`, `x86_64`."""
        architecture, variant = _normal_processor(architecture.lower(), variant.lower())
        os = os.lower()
        return cls(os="darwin" if os == "macos" else os, architecture=architecture, variant=variant)

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read `os/architecture[/variant]`, or one of the two alone; raises InvalidRequest with containerd's texts."""
        if "*" in text:
            raise InvalidRequest(f'"{text}": wildcards not yet supported: invalid argument')
        parts = text.split("/")
        for part in parts:
            if not _COMPONENT.fullmatch(part):
                raise InvalidRequest(
                    f'"{part}" is an invalid component of "{text}": platform specifier component must match '
                    f'"^[A-Za-z0-9_.-]+$": invalid argument'
                )
        if len(parts) == 1:
            return _from_one_part(text)
        if len(parts) in (2, 3):
            return cls.of(*parts)
        raise InvalidRequest(f'"{text}": cannot parse platform specifier: invalid argument')

    def accepted(self) -> tuple[Platform, ...]:
        """Platforms whose programs run here, the best first."""
        if self.architecture == "arm" and self.variant[1:].isdigit():
            variants = [f"v{number}" for number in range(int(self.variant[1:]), 4, -1)]
            return tuple(Platform(os=self.os, architecture="arm", variant=variant) for variant in variants) or (self,)
        if self.architecture == "amd64" and self.variant[1:].isdigit():
            lower = [f"v{number}" for number in range(int(self.variant[1:]), 1, -1)]
            return tuple(Platform(os=self.os, architecture="amd64", variant=variant) for variant in [*lower, ""])
        return (self,)


def _normal_processor(architecture: str, variant: str) -> tuple[str, str]:
    variant = _IMPLIED.get(architecture, variant)
    architecture = _RENAMED.get(architecture, architecture)
    if variant.isdigit():
        variant = f"v{variant}"
    if (architecture, variant) in (("arm64", "v8"), ("amd64", "v1")):
        variant = ""
    if architecture == "arm" and not variant:
        variant = "v7"
    return architecture, variant


def _from_one_part(text: str) -> Platform:
    system = "darwin" if text.lower() == "macos" else text.lower()
    if system in _SYSTEMS:
        here = host()
        return Platform(os=system, architecture=here.architecture, variant=here.variant)
    candidate = Platform.of("linux", text)
    if candidate.architecture in _PROCESSORS:
        return candidate
    raise InvalidRequest(f'"{text}": unknown operating system or architecture: invalid argument')


def host() -> Platform:
    """Give the platform of this machine."""
    machine = _os.uname().machine.lower()
    if machine.startswith("armv"):
        return Platform.of("linux", "arm", machine[3:5])
    return Platform.of("linux", machine)
