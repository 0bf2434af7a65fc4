"""Make a root file system from Debian packages, once per recipe, as an OCI archive in the cache directory."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pipelines import archive
from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The day Debian 13 came out: no file of a base is newer, so the day of the build leaves no trace.
EPOCH = 1754697600

# Raised when the steps below change what a base holds, so that no archive of an older recipe is taken for a new one.
FORMAT = 1

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Licences stay; what only a person at a terminal reads goes. C.UTF-8 lives elsewhere and stays usable.
_LEFT_OUT = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/lintian/*",
    "/usr/share/bug/*",
)
_KEPT = ("/usr/share/doc/*/copyright",)

# The interpreter's own test helpers and the texts of help(): dpkg may not leave them out, for a package set-up looks.
_UNUSED = 'rm -rf "$1"/usr/lib/python3.13/test "$1"/usr/lib/python3.13/pydoc_data'
# Logs, caches, backups, and what mmdebstrap copies from the host: none of it is the same on two machines.
_CLEAN = (
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/cache/ldconfig/* "$1"/var/cache/debconf/*-old '
    '"$1"/var/lib/dpkg/*-old "$1"/var/log/* "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/etc/machine-id '
    '"$1"/etc/passwd- "$1"/etc/group- "$1"/etc/shadow- "$1"/etc/gshadow- "$1"/run/* "$1"/tmp/*'
)
# Debian compiles with the time stamps of sources, which the fixed times above make stale; hashes do not age. -B and -f:
# what compileall itself imports would be written with time stamps by the import, and then be taken for done.
_COMPILE = (
    'find "$1"/usr -depth -name __pycache__ -exec rm -rf {} + && '
    'if [ -x "$1"/usr/bin/python3.13 ]; then PYTHONHASHSEED=0 chroot "$1" python3.13 -B -m compileall -q -f '
    "--invalidation-mode unchecked-hash /usr/lib/python3.13 /usr/lib/python3; fi"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that determines what a base holds, apart from the versions that the Debian archive serves."""

    packages: tuple[str, ...]
    account: str = ""
    uid: int = 1000
    home: str = "/"
    left_out: tuple[str, ...] = ()
    configured: tuple[tuple[str, str], ...] = ()
    """Files of one line each, written before the packages are installed: path and line."""
    suite: str = "trixie"

    @property
    def key(self) -> str:
        """Name the recipe: equal for equal recipes, of letters and digits."""
        content = json.dumps({"format": FORMAT, "command": _command(self, Path("root.tar")), **asdict(self)})
        return hashlib.sha256(content.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseArchive:
    """A base that was made: where it is, its manifest digest, its packages with their versions."""

    path: Path
    digest: str
    packages: Mapping[str, str]


def base_archive(recipe: Recipe, directory: Path) -> BaseArchive:
    """Return the base of `recipe`, making it where `directory` lacks it.

    Never leaves half an archive; of several builds at the same time one makes it and the others wait.
    """
    directory.mkdir(parents=True, exist_ok=True)
    record = directory / f"{recipe.key}.json"
    with _lock(directory / f"{recipe.key}.lock"):
        if not record.exists():
            _make(recipe, record)
    known = json.loads(record.read_text())
    return BaseArchive(path=directory / f"{recipe.key}.oci.tar", digest=known["digest"], packages=known["packages"])


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make(recipe: Recipe, record: Path) -> None:
    with tempfile.TemporaryDirectory(dir=record.parent, prefix=".making-") as name:
        work = Path(name)
        root = work / "root.tar"
        _bootstrap(recipe, root)
        packages = installed_packages(root)
        image = work / "image.oci.tar"
        digest = archive.write_single_layer(
            root,
            image,
            architecture=_architecture(packages),
            config={"Cmd": ["bash"], "Env": [f"PATH={_PATH}", "LANG=C.UTF-8"]},
        )
        description = work / "record.json"
        description.write_text(
            json.dumps({"digest": digest, "recipe": asdict(recipe), "packages": packages}, indent=2) + "\n"
        )
        # The record is what says that the base is there, so it comes last.
        image.rename(record.with_suffix(".oci.tar"))
        description.rename(record)


def _bootstrap(recipe: Recipe, target: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        raise PipelineError(
            "mmdebstrap is not installed, and the Debian base is made with it",
            hint="apt-get install mmdebstrap, or start from an image of a registry with --base image=REF",
        )
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "TMPDIR": os.fspath(target.parent),
        "LC_ALL": "C.UTF-8",
    }
    # mmdebstrap makes its working directory readable for apt's own user only below a directory that user can enter.
    target.parent.chmod(0o755)
    done = subprocess.run(
        _command(recipe, target),
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        umask=0o022,
    )
    if done.returncode != 0:
        raise PipelineError(
            f"mmdebstrap could not make the Debian base ({_reason(done.stderr)})",
            hint="it needs root (or user namespaces) and the Debian package archive; "
            "or start from an image of a registry with --base image=REF",
        )


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("E:")]
    return (telling or lines or ["no reason given"])[0].removeprefix("E: ").rstrip(".")


def _command(recipe: Recipe, target: Path) -> list[str]:
    paths = [f"--dpkgopt=path-exclude={path}" for path in (*_LEFT_OUT, *recipe.left_out)]
    paths += [f"--dpkgopt=path-include={path}" for path in _KEPT]
    hooks = [_UNUSED, _COMPILE, _CLEAN]
    if recipe.account:
        hooks.insert(0, _account(recipe.account, recipe.uid, recipe.home))
    return [
        "mmdebstrap",
        "--variant=essential",
        # Engines bring their own devices.
        "--skip=output/dev",
        f"--include={','.join(recipe.packages)}",
        *paths,
        *(f"--essential-hook={_line(path, line)}" for path, line in recipe.configured),
        *(f"--customize-hook={hook}" for hook in hooks),
        recipe.suite,
        os.fspath(target),
    ]


def _line(path: str, line: str) -> str:
    return f'mkdir -p "$1"{PurePosixPath(path).parent} && echo "{line}" > "$1"{path}'


def _account(name: str, uid: int, home: str) -> str:
    """Add the lines by hand: useradd would make a mail box, backups and a day of change."""
    return (
        f'echo "{name}:x:{uid}:{uid}::{home}:/usr/sbin/nologin" >> "$1"/etc/passwd && '
        f'echo "{name}:x:{uid}:" >> "$1"/etc/group'
    )


def installed_packages(root: Path) -> dict[str, str]:
    """Read name and version of each package from dpkg's status file inside a root file system's tar."""
    with tarfile.open(root) as tar:
        status = tar.extractfile("./var/lib/dpkg/status")
        if status is None:
            raise PipelineError(f"{root} has no dpkg status file, so its packages are not known")
        text = status.read().decode()
    stanzas = [_fields(stanza) for stanza in text.split("\n\n") if stanza.strip()]
    return {f"{fields['Package']}:{fields['Architecture']}": fields["Version"] for fields in stanzas}


def _fields(stanza: str) -> dict[str, str]:
    lines = (line.partition(": ") for line in stanza.splitlines() if line and not line.startswith(" "))
    return {name: value for name, _, value in lines}


def _architecture(packages: Mapping[str, str]) -> str:
    # dpkg's names equal those of OCI for every platform that Debian 13 and OCI share but this one.
    names = {name.rpartition(":")[2] for name in packages} - {"all"}
    (architecture,) = names
    return {"armhf": "arm"}.get(architecture, architecture)
