"""Overlay mounts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import HostError
from engine.linux.overlay import Overlays
from engine.linux.syscalls import umount2

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root


@pytest.fixture
def overlays(tmp_path: Path) -> Iterator[Overlays]:
    for name in ("layers/1", "layers/2", "upper", "work", "target"):
        (tmp_path / name).mkdir(parents=True)
    overlays = Overlays(tmp_path / "layers")
    yield overlays
    overlays.close()


def test_the_last_layer_is_on_top(tmp_path: Path, overlays: Overlays) -> None:
    for name in "12":
        (tmp_path / "layers" / name / "file").write_text(name)
    overlays.mount(tmp_path / "target", ["1", "2"])
    assert (tmp_path / "target" / "file").read_text() == "2"
    umount2(tmp_path / "target")


def test_writing_goes_to_the_upper_without_marks_on_it(tmp_path: Path, overlays: Overlays) -> None:
    overlays.mount(tmp_path / "target", ["1"], upper=tmp_path / "upper", work=tmp_path / "work")
    (tmp_path / "target" / "file").write_text("new")
    umount2(tmp_path / "target")
    assert (tmp_path / "upper" / "file").read_text() == "new"
    assert os.listxattr(tmp_path / "upper") == []


def test_a_redirect_smuggled_into_a_layer_is_not_followed(tmp_path: Path, overlays: Overlays) -> None:
    (tmp_path / "layers" / "1" / "hidden").mkdir()
    (tmp_path / "layers" / "1" / "hidden" / "secret").touch()
    (tmp_path / "layers" / "2" / "door").mkdir()
    os.setxattr(tmp_path / "layers" / "2" / "door", "trusted.overlay.redirect", b"/hidden")
    overlays.mount(tmp_path / "target", ["1", "2"])
    # The kernel either shows the directory without what the redirect leads to, or refuses it.
    listing = subprocess.run(["find", tmp_path / "target"], capture_output=True, text=True, check=False).stdout
    umount2(tmp_path / "target")
    assert "door/secret" not in listing


def test_the_process_keeps_its_working_directory(tmp_path: Path, overlays: Overlays) -> None:
    before = Path.cwd()
    overlays.mount(tmp_path / "target", ["1", "2"])
    assert Path.cwd() == before
    umount2(tmp_path / "target")


def test_a_missing_layer_is_an_error(tmp_path: Path, overlays: Overlays) -> None:
    with pytest.raises(FileNotFoundError):
        overlays.mount(tmp_path / "target", ["1", "missing"])


def test_options_beyond_a_page_are_refused_before_they_are_cut(tmp_path: Path, overlays: Overlays) -> None:
    with pytest.raises(HostError, match="400 layers"):
        overlays.mount(tmp_path / "target", ["x" * 20] * 400)
