"""Tell two directories apart, by listing the differences or by keeping what is new."""

from __future__ import annotations

from stat import S_IFMT, S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from engine.core.tree import Changes
from engine.store.chase import find_directory
from engine.store.content_digest import described
from engine.store.copy import Merge
from engine.store.path_errors import translated
from engine.store.walk import everything

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.store.walk import Entry


def compare(old: str, old_path: str, new: str, new_path: str) -> Changes:
    """List added, modified and removed paths; of a removed directory only itself. Times do not count."""
    before, after = _listed(old, old_path), _listed(new, new_path)
    with translated("compare", new_path):
        added = [path for path, entry in after.items() if _is_new(before.get(path), entry)]
        removed = [path for path, entry in before.items() if _is_new(after.get(path), entry)]
        modified = [path for path, entry in after.items() if path in before and _is_modified(before[path], entry)]
    return Changes(
        added=_marked(added, after), modified=tuple(sorted(modified)), removed=_marked(_topmost(removed), before)
    )


def diff(old: str, old_path: str, new: str, new_path: str, into: str) -> None:
    """Write to the empty directory `into` what is new or changed; what was removed leaves nothing."""
    before, after = _listed(old, old_path), _listed(new, new_path)
    with translated("diff", new_path):
        changed = {path for path, entry in after.items() if path not in before or _differs(before[path], entry)}
        held = changed | {above for path in changed for above in _directories(path)}
        Merge(root=into, target=into, fresh=True).copy(entry for path, entry in after.items() if path in held)


def _listed(root: str, path: str) -> dict[str, Entry]:
    place = find_directory(root, path)
    with translated("open", path):
        return {entry.path: entry for entry in everything(place.real)}


def _is_new(other: Entry | None, entry: Entry) -> bool:
    """Whether there is no such path on the other side; a directory and a file of one name have nothing in common."""
    return other is None or other.is_directory != entry.is_directory


def _is_modified(old: Entry, new: Entry) -> bool:
    return not old.is_directory and not new.is_directory and _differs(old, new)


def _differs(old: Entry, new: Entry) -> bool:
    """Whether anything but the times is different; contents are read only when all else is equal."""
    first, second = old.status, new.status
    if S_IFMT(first.st_mode) != S_IFMT(second.st_mode):
        return True
    if (first.st_mode, first.st_uid, first.st_gid) != (second.st_mode, second.st_uid, second.st_gid):
        return True
    if S_ISREG(first.st_mode) and first.st_size != second.st_size:
        return True
    return described(old.real, first) != described(new.real, second)


def _topmost(paths: list[str]) -> list[str]:
    """Leave out what is below a path that is listed itself."""
    listed = set(paths)
    return [path for path in paths if not any(above in listed for above in _directories(path))]


def _directories(path: str) -> Iterable[str]:
    """Directories above a relative path, the nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _marked(paths: list[str], entries: dict[str, Entry]) -> tuple[str, ...]:
    return tuple(sorted(f"{path}/" if S_ISDIR(entries[path].status.st_mode) else path for path in paths))
