"""Operations on trees: what is done again, and what counts of a source."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.tree import (
    EMPTY,
    CopyFile,
    CopyTree,
    FileType,
    Selection,
    SetTimestamps,
    SnapshotId,
    Source,
    WriteFile,
)
from engine.errors import PathError
from engine.hostfs import LocalHostFiles
from tests.fakes.engine import FakeEngine, fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ALL = Selection()


class _Meddling(LocalHostFiles):
    """The host's files, one of which is written to between looking and copying, a few times."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0
        self.copied = 0

    def copy(self, path: Path, selection: Selection, root: Path) -> None:
        self.copied += 1
        if self.times:
            self.times -= 1
            (path / "f").write_text(f"changed {self.times}")
        super().copy(path, selection, root)


@pytest.fixture
def host() -> _Meddling:
    return _Meddling()


@pytest.fixture
async def engine(tmp_path: Path, host: _Meddling) -> AsyncIterator[FakeEngine]:
    (tmp_path / "engine").mkdir()
    async with fake_engine(tmp_path / "engine", host=host) as engine:
        yield engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the host."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "f").write_text("text")
    (folder / "g").write_text("more")
    return folder


async def _write(engine: FakeEngine, parent: SnapshotId, path: str, text: str) -> SnapshotId:
    return await engine.trees.apply(parent, WriteFile(path=path, contents=text.encode()), f"write {path}")


async def _texts(engine: FakeEngine, snapshot: SnapshotId) -> dict[str, str]:
    async with engine.trees.shown(Source(snapshot=snapshot)) as root:
        return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


async def test_a_change_is_made_once(engine: FakeEngine) -> None:
    one, same = [await _write(engine, EMPTY, "/a", "1") for _ in range(2)]
    assert one == same
    assert await _write(engine, EMPTY, "/a", "2") != one
    assert await _texts(engine, one) == {"a": "1"}


async def test_a_change_has_its_description(engine: FakeEngine) -> None:
    assert engine.snapshots.described(await _write(engine, EMPTY, "/a", "1"))[0] == "write /a"


async def test_a_change_that_fails_keeps_nothing(engine: FakeEngine) -> None:
    with pytest.raises(PathError):
        await engine.trees.apply(
            EMPTY, CopyFile(path="/a", source=Source(snapshot=EMPTY, path="/nope"), name="a"), "copy"
        )
    assert await _write(engine, EMPTY, "/a", "1") == "1"


async def test_of_a_copied_source_its_contents_count_and_not_where_they_are(engine: FakeEngine) -> None:
    one = await _write(engine, EMPTY, "/d/f", "text")
    other = await _write(engine, await _write(engine, EMPTY, "/elsewhere", "x"), "/d/f", "text")
    copies = [
        await engine.trees.apply(EMPTY, CopyTree(path="/c", source=Source(snapshot=source, path="/d")), "copy")
        for source in (one, other)
    ]
    assert copies[0] == copies[1]


async def test_times_do_not_count_unless_the_pipeline_set_them(engine: FakeEngine) -> None:
    plain = await _write(engine, EMPTY, "/d/f", "text")
    stamped = await engine.trees.apply(plain, SetTimestamps(path="/d", timestamp=1), "stamp")
    sources = [
        Source(snapshot=plain, path="/d"),
        Source(snapshot=stamped, path="/d"),
        Source(snapshot=stamped, path="/d", timestamp=1),
        Source(snapshot=stamped, path="/d", timestamp=2),
    ]
    one, same, *given = [await engine.trees.counts(source) for source in sources]
    assert one == same
    assert len({one, *given}) == 3


async def test_a_whole_snapshot_counts_by_its_name(engine: FakeEngine) -> None:
    snapshot = await _write(engine, EMPTY, "/a", "1")
    assert await engine.trees.counts(Source(snapshot=snapshot)) == snapshot
    assert await engine.trees.counts(Source(snapshot=snapshot), Selection(include=("a",))) != snapshot


async def test_only_what_is_selected_counts(engine: FakeEngine) -> None:
    one = await _write(engine, await _write(engine, EMPTY, "/a", "1"), "/b", "1")
    other = await _write(engine, one, "/b", "2")
    sources = [Source(snapshot=snapshot) for snapshot in (one, other)]
    chosen = [await engine.trees.content_digest(source, Selection(include=("a",))) for source in sources]
    whole = [await engine.trees.content_digest(source) for source in sources]
    assert chosen[0] == chosen[1]
    assert whole[0] != whole[1]


async def test_a_file_counts_by_contents_and_mode(engine: FakeEngine) -> None:
    plain = await _write(engine, EMPTY, "/a", "1")
    private = await engine.trees.apply(EMPTY, WriteFile(path="/a", contents=b"1", mode=0o600), "write")
    digests = [await engine.trees.content_digest(Source(snapshot=s, path="/a")) for s in (plain, private)]
    assert digests[0] != digests[1]


async def test_a_folder_of_the_host_is_copied_once_while_it_is_the_same(
    engine: FakeEngine, host: _Meddling, folder: Path
) -> None:
    one = await engine.trees.from_host(folder, ALL)
    os.utime(folder / "f", (1, 1))
    assert await engine.trees.from_host(folder, ALL) == one
    assert host.copied == 1
    (folder / "f").write_text("other")
    assert await _texts(engine, await engine.trees.from_host(folder, ALL)) == {"f": "other", "g": "more"}


async def test_a_folder_that_is_written_to_while_it_is_read_is_read_again(
    engine: FakeEngine, host: _Meddling, folder: Path
) -> None:
    host.times = 2
    with anyio.fail_after(10):
        snapshot = await engine.trees.from_host(folder, ALL)
    assert await _texts(engine, snapshot) == {"f": "changed 0", "g": "more"}
    assert host.copied == 3


async def test_what_is_remembered_of_a_folder_is_what_was_there(
    engine: FakeEngine, host: _Meddling, folder: Path
) -> None:
    host.times = 1
    await engine.trees.from_host(folder, ALL)
    (folder / "f").write_text("text")
    assert await _texts(engine, await engine.trees.from_host(folder, ALL)) == {"f": "text", "g": "more"}


async def test_a_file_of_the_host_is_kept_by_its_name_and_contents(engine: FakeEngine, folder: Path) -> None:
    one = await engine.trees.file_from_host(folder / "f")
    assert await engine.trees.file_from_host(folder / "f") == one
    (folder / "h").write_text("text")
    assert await _texts(engine, await engine.trees.file_from_host(folder / "h")) == {"h": "text"}


async def test_a_difference_is_what_was_added_and_changed(engine: FakeEngine) -> None:
    old = await _write(engine, await _write(engine, EMPTY, "/d/a", "1"), "/d/b", "1")
    new = await _write(engine, await _write(engine, old, "/d/b", "2"), "/d/c", "1")
    sources = (Source(snapshot=old, path="/d"), Source(snapshot=new, path="/d"))
    assert await _texts(engine, await engine.trees.diff(*sources)) == {"b": "2", "c": "1"}
    changes = await engine.trees.compare(*sources)
    assert (changes.added, changes.modified, changes.removed) == (("c",), ("b",), ())


async def test_users_are_those_of_the_tree(engine: FakeEngine) -> None:
    snapshot = await _write(engine, EMPTY, "/etc/passwd", "bob:x:7:8::/:/bin/sh\n")
    assert (await engine.trees.accounts(snapshot)).user("bob").uid == 7


async def test_looking_into_a_snapshot_gives_what_was_found(engine: FakeEngine) -> None:
    snapshot = await _write(engine, EMPTY, "/a", "1")
    stat = await engine.trees.read(snapshot, lambda trees, root: trees.stat(root, "/a"))
    assert stat.file_type is FileType.REGULAR
