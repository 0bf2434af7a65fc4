from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.core.process import Process
from engine.executor.bundle import Bundle
from engine.executor.host import this_host


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    process = Process(root=tmp_path, args=("true",), env=(), cwd="/", uid=1, gid=2)
    return Bundle.create(tmp_path, program="crun", process=process, host=this_host(Path("/tini")))


def test_everything_of_a_container_is_in_its_folder(bundle: Bundle, tmp_path: Path) -> None:
    command = bundle.run_command()
    assert bundle.folder.parent == tmp_path
    assert json.loads((bundle.folder / "config.json").read_text())["process"]["args"][-1] == "true"
    assert command[:2] == ["crun", "--cgroup-manager=disabled"]
    assert all(str(bundle.folder) in part for part in command if "/" in part)
    assert "run" in command


def test_a_further_command_is_described_in_a_file(bundle: Bundle) -> None:
    *_, described, name = bundle.exec_command(["id", "-u"])
    process = json.loads(Path(described.partition("=")[2]).read_text())
    assert (process["args"], process["user"]["uid"], name) == (["id", "-u"], 1, bundle.folder.name)


def test_the_first_process_is_known_once_it_is_there(bundle: Bundle) -> None:
    assert bundle.first_process() is None
    (bundle.folder / "pid").write_text("")
    assert bundle.first_process() is None
    (bundle.folder / "pid").write_text("42")
    assert bundle.first_process() == 42


def test_only_errors_are_complaints(bundle: Bundle) -> None:
    assert bundle.complaints() == []
    lines = ({"msg": "broken", "level": "error"}, {"msg": "odd", "level": "warning"})
    (bundle.folder / "log").write_text("\n".join([*map(json.dumps, lines), "half a li"]))
    assert bundle.complaints() == ["broken"]
