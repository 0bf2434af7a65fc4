from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.executor.output import Capture

if TYPE_CHECKING:
    from pathlib import Path


def test_streams_are_kept_apart_and_together() -> None:
    capture = Capture()
    for stream, data in (("stdout", b"1"), ("stderr", b"2"), ("stderr", b"3"), ("stdout", b"\xff")):
        capture.write(stream, data)
    assert capture.finish() == (b"1\xff", b"23", b"123\xff")
    assert capture.finish() == (b"1\xff", b"23", b"123\xff")


def test_nothing_written_is_nothing() -> None:
    assert Capture().finish() == (b"", b"", b"")


def test_secrets_reach_nobody(tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []
    with (tmp_path / "out").open("wb") as file:
        capture = Capture(
            secrets=[b"hush\n"],
            redirects={"stdout": file.fileno()},
            live=lambda stream, data: seen.append((stream, data)),
        )
        for stream, data in (("stdout", b"a hu"), ("stderr", b"x"), ("stdout", b"sh b"), ("stderr", b"hus")):
            capture.write(stream, data)
        stdout, stderr, combined = capture.finish()
    assert (stdout, stderr, combined) == (b"a *** b", b"xhus", b"a x*** bhus")
    assert (tmp_path / "out").read_bytes() == b"a *** b"
    assert b"".join(data for stream, data in seen if stream == "stdout") == b"a *** b"


def test_a_secret_cut_between_streams_is_no_secret() -> None:
    capture = Capture(secrets=[b"hush"])
    capture.write("stdout", b"hu")
    capture.write("stderr", b"sh")
    assert capture.finish() == (b"hu", b"sh", b"shuh")


def test_megabytes_wait_in_a_file_without_a_name(tmp_path: Path) -> None:
    capture = Capture(folder=tmp_path)
    pieces = [os.urandom(700_000) for _ in range(20)]
    for number, piece in enumerate(pieces):
        capture.write("stdout" if number % 3 else "stderr", piece)
    assert list(tmp_path.iterdir()) == []
    assert len(capture._kept._memory) <= 4 * 2**20
    stdout, stderr, combined = capture.finish()
    assert combined == b"".join(pieces)
    assert stdout == b"".join(piece for number, piece in enumerate(pieces) if number % 3)
    assert stderr == b"".join(pieces[::3])


def test_what_comes_after_a_look_is_not_lost(tmp_path: Path) -> None:
    capture = Capture(folder=tmp_path)
    capture.write("stdout", b"x" * 5 * 2**20)
    assert len(capture.finish()[0]) == 5 * 2**20
    capture.write("stdout", b"y" * 5 * 2**20)
    assert capture.finish()[0] == b"x" * 5 * 2**20 + b"y" * 5 * 2**20
