"""Directories, beyond the recorded cases."""

from __future__ import annotations

import stat

import dagger
import pytest
from dagger import ExistsType, FileType

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root


@pytest.fixture
def tree(dag):
    directory = dag.directory()
    for name in ("a.txt", "b.txt", "c.txt.rar", "subdir/d.txt", "subdir/e.txt", "subdir/f.txt.rar"):
        directory = directory.with_new_file(name, name)
    return directory


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"exclude": ["*.rar"]}, ["a.txt", "b.txt", "subdir/", "subdir/d.txt", "subdir/e.txt", "subdir/f.txt.rar"]),
        ({"exclude": ["**/*.rar"]}, ["a.txt", "b.txt", "subdir/", "subdir/d.txt", "subdir/e.txt"]),
        ({"include": ["*.rar"]}, ["c.txt.rar"]),
        ({"include": ["*.txt"], "exclude": ["b.txt"]}, ["a.txt"]),
        ({"include": ["a.txt"], "exclude": ["*.txt"]}, []),
        ({"exclude": ["subdir/"]}, ["a.txt", "b.txt", "c.txt.rar"]),
        ({"exclude": ["*", "!a.txt"]}, ["a.txt"]),
        ({"include": ["subdir/d.txt"]}, ["subdir/", "subdir/d.txt"]),
        ({"include": ["./a.txt", "nope"]}, ["a.txt"]),
        ({"include": ["/a.txt"]}, []),
        ({"include": ["subdir/**"], "exclude": ["**/[de].txt"]}, ["subdir/", "subdir/f.txt.rar"]),
    ],
)
async def test_a_filter_keeps_what_its_patterns_say(tree, dag, filters, found):
    assert await tree.filter(**filters).glob("**/*") == found
    assert await dag.directory().with_directory("x", tree, **filters).directory("x").glob("**/*") == found


async def test_a_filter_honours_ignore_files_when_asked(tree):
    ignoring = tree.with_new_file(".gitignore", "b.txt\nsubdir/")
    assert await ignoring.filter(gitignore=True).entries() == [".gitignore", "a.txt", "c.txt.rar"]
    assert await ignoring.filter().entries() == [".gitignore", "a.txt", "b.txt", "c.txt.rar", "subdir/"]


async def test_permissions_are_of_every_directory_and_file(tree, dag, once):
    copied = once.with_directory("/t", dag.directory().with_directory("out", tree, permissions=0o751))
    assert set((await copied.with_exec(sh("find /t/out -exec stat -c %a {} +")).stdout()).split()) == {"751"}


@pytest.mark.parametrize(("permissions", "mode"), [(None, 0o644), (0o755, 0o755), (0, 0o755)])
async def test_a_new_directory_has_the_mode_that_was_asked_for(dag, permissions, mode):
    options = {} if permissions is None else {"permissions": permissions}
    made = dag.directory().with_new_directory("a/b", **options)
    assert await made.stat("a").permissions() == mode
    assert await made.stat("a/b").permissions() == mode


async def test_a_new_directory_may_not_be_outside(dag):
    with pytest.raises(dagger.QueryError, match=r"cannot create directory outside parent: \.\./c"):
        await dag.directory().with_new_directory("../c").sync()


async def test_a_new_file_keeps_the_mode_of_the_old_and_follows_a_link(dag):
    made = dag.directory().with_new_file("f", "old", permissions=0o600).with_symlink("f", "l")
    changed = made.with_new_file("l", "new")
    assert await changed.file("f").contents() == "new"
    assert await changed.stat("f").permissions() == 0o600
    assert await changed.exists("l", expected_type=ExistsType.SYMLINK_TYPE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.with_new_file("d", "x"), "is a directory"),
        (lambda d: d.with_new_file("a" * 256, "x"), "File name length exceeds the maximum supported 255 characters"),
        (lambda d: d.with_symlink("x", "d"), "file exists"),
        (lambda d: d.directory("nope"), "no such file or directory"),
        (lambda d: d.directory("f"), "path /f is a file, not a directory"),
        (lambda d: d.file("d"), "path /d is a directory, not a file"),
        (lambda d: d.file("../../etc/passwd"), "no such file or directory"),
        (lambda d: d.chown("f", "ghost"), "open /etc/passwd: no such file or directory"),
        (lambda d: d.with_error("boom"), "boom"),
        (lambda d: d.with_patch("x"), "Directory.withPatch is not supported by this engine: "),
    ],
)
async def test_what_is_wrong_with_a_change_is_said(dag, change, message):
    directory = dag.directory().with_new_file("f", "x").with_new_directory("d")
    with pytest.raises(dagger.QueryError, match=message):
        await change(directory).sync()


@pytest.mark.parametrize(
    ("path", "message"), [("nope", "no such file or directory"), ("f", "not a directory"), ("f/x", "not a directory")]
)
async def test_entries_of_what_is_no_directory_are_refused(dag, path, message):
    with pytest.raises(dagger.QueryError, match=message):
        await dag.directory().with_new_file("f", "x").entries(path=path)


async def test_stat_of_what_is_missing_is_an_error_and_not_null(dag):
    with pytest.raises(dagger.QueryError, match="stat /nope: no such file or directory"):
        await dag.directory().stat("nope").size()


async def test_stat_tells_kinds_and_modes(dag, once):
    made = once.with_exec(sh("mkdir /d; echo x > /d/f; chmod 4755 /d/f; ln -s f /d/l")).directory("/d")
    assert [await made.stat("f").permissions(), await made.stat("f").size()] == [0o755, 2]
    assert await made.stat("f").file_type() == FileType.REGULAR
    assert await made.stat(".").file_type() == FileType.DIRECTORY
    assert await made.stat("l").file_type() == FileType.REGULAR
    assert await made.stat("l", do_not_follow_symlinks=True).file_type() == FileType.SYMLINK


@pytest.mark.parametrize(
    ("path", "regular", "directory", "symlink"),
    [
        ("f", True, False, False),
        ("d", False, True, False),
        ("to-f", True, False, True),
        ("to-d", False, True, True),
        ("nope", False, False, False),
        ("dangling", False, False, True),
        ("", False, False, False),
    ],
)
async def test_what_exists_is_asked_by_kind(dag, path, regular, directory, symlink):
    made = dag.directory().with_new_file("f", "x").with_new_directory("d", permissions=0o755)
    made = made.with_symlink("f", "to-f").with_symlink("d", "to-d").with_symlink("nope", "dangling")
    kinds = (ExistsType.REGULAR_TYPE, ExistsType.DIRECTORY_TYPE, ExistsType.SYMLINK_TYPE)
    assert [await made.exists(path, expected_type=kind) for kind in kinds] == [regular, directory, symlink]


async def test_a_difference_has_what_was_added_and_changed(dag):
    old = dag.directory().with_new_file("same", "1").with_new_file("changed", "1").with_new_file("gone", "1")
    new = dag.directory().with_new_file("same", "1").with_new_file("changed", "2").with_new_file("d/added", "1")
    old, new = old.with_timestamps(1), new.with_timestamps(1)
    assert await old.diff(new).glob("**/*") == ["changed", "d/", "d/added"]


async def test_the_digest_does_not_know_times_but_modes(dag):
    one = dag.directory().with_new_file("f", "x")
    assert (await one.digest()).startswith("sha256:")
    assert await one.with_timestamps(1).digest() == await one.digest()
    assert await dag.directory().with_new_file("f", "x", permissions=0o600).digest() != await one.digest()


async def test_timestamps_are_of_everything(dag, once):
    stamped = dag.directory().with_new_file("d/f", "x").with_timestamps(1_000_000_000)
    copied = once.with_directory("/t", stamped)
    assert await copied.with_exec(sh("stat -c %Y /t /t/d /t/d/f")).stdout() == "1000000000\n" * 3


async def test_names_end_with_a_slash(dag):
    made = dag.directory().with_new_file("a/b/f", "x")
    assert [await made.name(), await made.directory("a/b").name()] == ["/", "b/"]


async def test_the_nearest_of_a_name_is_found_upwards(dag):
    made = dag.directory().with_new_file("a/b/c/f", "x").with_new_file("a/needle", "x")
    assert await made.find_up("needle", "a/b/c") == "a/needle"
    assert await made.find_up("nope", "a/b/c") is None


async def test_a_search_finds_lines(dag):
    made = dag.directory().with_new_file("a/f", "one\ntwo\nthree two\n").with_new_file("b", "two\n")
    results = await made.search("two", literal=True)
    found = {(await r.file_path(), await r.line_number(), await r.matched_lines()) for r in results}
    assert found == {("a/f", 2, "two\n"), ("a/f", 3, "three two\n"), ("b", 1, "two\n")}
    assert len(await made.search("two", files_only=True)) == 2
    assert await made.search("nine") == []


async def test_an_export_merges_or_wipes(dag, tmp_path):
    (tmp_path / "extra").write_text("stays")
    made = dag.directory().with_new_file("f", "x", permissions=0o640)
    assert await made.export(str(tmp_path)) == str(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["extra", "f"]
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o640
    await made.export(str(tmp_path), wipe=True)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


async def test_an_export_makes_its_folders_and_starts_at_the_workdir(dag, workdir):
    path = await dag.directory().with_new_file("f", "x").export("made/deep")
    assert path == str(workdir / "made/deep")
    assert stat.S_IMODE((workdir / "made").stat().st_mode) == 0o700
    assert (workdir / "made/deep/f").read_text() == "x"


async def test_owners_are_looked_up_in_the_directory_itself(once, dag):
    rootfs = once.with_exec(sh("useradd -u 1501 django")).rootfs().with_new_file("f", "x")
    given = rootfs.chown("f", "django").with_directory("t", dag.directory().with_new_file("g", "x"), owner="django")
    container = dag.container().with_rootfs(given)
    assert await container.with_exec(["stat", "-c", "%u:%g", "/f", "/t", "/t/g"]).stdout() == "1501:1501\n" * 3
