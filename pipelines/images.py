"""The bases that containers start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagger import dag

from pipelines.recipes import HOME, UID, USER

if TYPE_CHECKING:
    import dagger

    from pipelines.debian import BaseArchive, Recipe

POSTGRES_IMAGE = "postgres:17-trixie"

# Appends the account where the image has none, and fails where the numbers belong to someone else.
_ACCOUNT = f"""
grep -q '^[^:]*:[^:]*:{UID}:' /etc/group || echo '{USER}:x:{UID}:' >> /etc/group
grep -q '^[^:]*:[^:]*:{UID}:' /etc/passwd || echo '{USER}:x:{UID}:{UID}::{HOME}:/usr/sbin/nologin' >> /etc/passwd
grep -q '^{USER}:[^:]*:{UID}:{UID}:' /etc/passwd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What an image starts from, and how its labels name it."""

    container: dagger.Container
    name: str
    digest: str
    layers: tuple[str, ...]
    """What each layer holds that this base adds to a bare root file system; the last ones, bottom to top."""


def debian_base(made: BaseArchive, recipe: Recipe) -> Base:
    """Start from a base made of Debian packages; the account is in it already."""
    name = f"debian:{recipe.suite} ({len(made.packages)} packages)"
    return Base(container=from_archive(made), name=name, digest=made.digest, layers=("base",))


async def registry_base(reference: str) -> Base:
    """Start from an image of a registry, which has no account yet: it gets one, in a small layer of its own."""
    image = dag.container().from_(reference)
    name, _, digest = (await image.image_ref()).partition("@")
    return Base(container=_with_account(image), name=name, digest=digest, layers=("base", "accounts"))


def postgres(made: BaseArchive | None) -> dagger.Container:
    """Offer PostgreSQL's programs: from Debian packages where that base was made, else from a registry."""
    return from_archive(made) if made else dag.container().from_(POSTGRES_IMAGE)


def from_archive(made: BaseArchive) -> dagger.Container:
    """Load a base made of Debian packages."""
    return dag.container().import_(dag.host().file(str(made.path)))


def _with_account(image: dagger.Container) -> dagger.Container:
    changed = image.with_user("0").with_exec(["sh", "-ec", _ACCOUNT])
    files = dag.directory().with_files("/", [changed.file("/etc/passwd"), changed.file("/etc/group")])
    return image.with_directory("/etc", files, permissions=0o644)
