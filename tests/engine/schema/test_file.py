"""Files, beyond the recorded cases."""

from __future__ import annotations

import hashlib
import stat

import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root

LINES = "one\ntwo\nthree\nfour"


@pytest.mark.parametrize(
    ("options", "contents"),
    [
        ({}, LINES),
        ({"offset_lines": 1, "limit_lines": 2}, "two\nthree\n"),
        ({"limit_lines": 1}, "one\n"),
        ({"offset_lines": 3}, "four"),
        ({"offset_lines": 9}, ""),
        ({"offset_lines": 0, "limit_lines": 99}, LINES),
    ],
)
async def test_contents_are_given_by_lines(dag, options, contents):
    assert await dag.file("f", LINES).contents(**options) == contents


async def test_lines_end_with_a_newline_only(dag):
    assert await dag.file("f", "a\rb\x0bc\u2028d\ne\n").contents(limit_lines=1) == "a\rb\x0bc\u2028d\n"


@pytest.mark.parametrize(
    ("text", "options", "result"),
    [
        ("a b", {}, "x b"),
        ("a a", {"all": True}, "x x"),
        ("b", {"all": True}, "b"),
        ("a\na\na", {"first_from": 2}, "a\nx\na"),
    ],
)
async def test_text_is_replaced(dag, text, options, result):
    assert await dag.file("f", text).with_replaced("a", "x", **options).contents() == result


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("b", {}, "search string not found"),
        ("a\nba", {}, r"search string found multiple times: line 1 \(0-1\), line 2 \(3-4\)"),
        ("a\nb", {"first_from": 2}, "search string not found"),
    ],
)
async def test_text_that_is_not_there_just_once_is_not_replaced(dag, text, options, message):
    with pytest.raises(dagger.QueryError, match=message):
        await dag.file("f", text).with_replaced("a", "x", **options).contents()


async def test_a_replaced_file_keeps_mode_and_name(dag):
    file = dag.file("f", "a", permissions=0o600).with_replaced("a", "x")
    assert [await file.stat().permissions(), await file.name()] == [0o600, "f"]


async def test_the_digest_without_metadata_is_the_digest_of_the_digest_of_the_contents(dag):
    file = dag.file("f", "text")
    twice = hashlib.sha256(hashlib.sha256(b"text").digest()).hexdigest()
    assert await file.digest(exclude_metadata=True) == f"sha256:{twice}"
    assert await file.digest() != await dag.file("f", "text", permissions=0o600).digest()


@pytest.mark.parametrize("ask", [lambda dag: dag.file("a/b", "x"), lambda dag: dag.file("f", "x").with_name("a/b")])
async def test_a_name_must_not_hold_a_directory(dag, ask):
    with pytest.raises(dagger.QueryError, match='file name "a/b" must not contain a directory'):
        await ask(dag).sync()


@pytest.mark.parametrize(("permissions", "mode"), [(None, 0o644), (0o600, 0o600), (0, 0o644)])
async def test_a_new_file_has_a_mode(dag, permissions, mode):
    options = {} if permissions is None else {"permissions": permissions}
    assert await dag.file("f", "x", **options).stat().permissions() == mode


async def test_a_file_too_large_to_be_given_is_refused(once):
    large = once.with_exec(sh("truncate -s 134217729 /large")).file("/large")
    with pytest.raises(dagger.QueryError, match="file size 134217729 exceeds limit 134217728"):
        await large.contents()


async def test_an_export_gives_the_absolute_path_and_keeps_the_mode(dag, workdir):
    path = await dag.file("f", "x", permissions=0o750).export("out/f")
    assert path == str(workdir / "out/f")
    assert stat.S_IMODE((workdir / "out/f").stat().st_mode) == 0o750
    assert stat.S_IMODE((workdir / "out").stat().st_mode) == 0o700


async def test_an_export_onto_a_directory_needs_leave(dag, tmp_path):
    message = f'destination "{tmp_path}" is a directory; must be a file path unless allowParentDirPath is set'
    with pytest.raises(dagger.QueryError, match=message):
        await dag.file("f", "x").export(str(tmp_path))
    assert await dag.file("f", "x").export(str(tmp_path), allow_parent_dir_path=True) == str(tmp_path)
    assert (tmp_path / "f").read_text() == "x"


async def test_an_exported_file_keeps_the_mode_of_what_was_there(dag, tmp_path):
    (tmp_path / "f").write_text("old and longer")
    (tmp_path / "f").chmod(0o600)
    await dag.file("f", "x", permissions=0o755).export(str(tmp_path / "f"))
    assert (tmp_path / "f").read_text() == "x"
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600


async def test_a_file_that_is_no_json_is_refused(dag):
    with pytest.raises(dagger.QueryError, match="invalid JSON"):
        await dag.file("f.txt", "{").as_json().contents()


async def test_owners_of_a_lone_file_are_numbers(dag, once):
    owned = dag.file("f", "x").chown("7:8")
    assert await once.with_file("/f", owned).with_exec(["stat", "-c", "%u:%g", "/f"]).stdout() == "7:8\n"
    with pytest.raises(dagger.QueryError, match="open /etc/passwd: no such file or directory"):
        await dag.file("f", "x").chown("bob").sync()


async def test_a_search_finds_lines(dag):
    (result,) = await dag.file("f", "one\ntwo\n").search("t(w)o")
    assert [await result.line_number(), await result.absolute_offset()] == [2, 4]
    (submatch,) = await result.submatches()
    assert [await submatch.text(), await submatch.start(), await submatch.end()] == ["two", 0, 3]


async def test_timestamps_are_set(dag, once):
    file = dag.file("f", "x").with_timestamps(1_000_000_000)
    assert await once.with_file("/f", file).with_exec(["stat", "-c", "%Y", "/f"]).stdout() == "1000000000\n"
