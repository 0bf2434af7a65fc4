from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.process import Bind, Process, Tmpfs
from engine.executor.spec import Device, Host, further_process, runtime_config

HOST = Host(
    machine="x86_64",
    capabilities=frozenset({"CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"}),
    open_files=4096,
    init=Path("/host/tini"),
    devices=(Device(path="/dev/fuse", kind="c", major=10, minor=229, mode=0o666, uid=0, gid=0),),
)


def _config(**changes: object) -> dict:
    plain = {"root": Path("/r"), "args": ("a", "b"), "env": ("A=1", "A=2"), "cwd": "/w", "uid": 7, "gid": 8}
    return runtime_config(Process(**(plain | changes)), HOST)


def test_the_process_is_written_down_as_it_is() -> None:
    config = _config(groups=(9,), hostname="box", init=False)
    process = config["process"]
    assert (config["root"], config["hostname"]) == ({"path": "/r", "readonly": False}, "box")
    assert process["user"] == {"uid": 7, "gid": 8, "umask": 0o022, "additionalGids": [9]}
    assert (process["args"], process["env"], process["cwd"]) == (["a", "b"], ["A=1", "A=2"], "/w")
    assert (process["terminal"], process["noNewPrivileges"]) == (False, False)
    assert process["rlimits"] == [{"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 4096}]


def test_an_init_comes_first_and_is_shown_read_only() -> None:
    config = _config()
    assert config["process"]["args"] == ["/dev/.init", "-g", "--", "a", "b"]
    assert config["mounts"][-1] == {
        "destination": "/dev/.init",
        "type": "bind",
        "source": "/host/tini",
        "options": ["rbind", "rprivate", "ro"],
    }
    assert all(mount["destination"] != "/dev/.init" for mount in _config(init=False)["mounts"])


def test_mounts_keep_their_order_after_the_systems_own() -> None:
    mounts = (Tmpfs(target="/b", size=5), Bind(source=Path("/s"), target="/a"), Tmpfs(target="/c"))
    given = _config(mounts=mounts, init=False)["mounts"]
    assert [mount["destination"] for mount in given[:6]] == [
        "/proc",
        "/dev",
        "/dev/pts",
        "/dev/shm",
        "/dev/mqueue",
        "/sys",
    ]
    assert given[6:] == [
        {"destination": "/b", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=1777", "size=5"]},
        {"destination": "/a", "type": "bind", "source": "/s", "options": ["rbind", "rprivate"]},
        {"destination": "/c", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=1777"]},
    ]


def test_an_ordinary_process_gets_few_rights() -> None:
    config = _config()
    granted = ["CAP_CHOWN", "CAP_KILL"]
    assert config["process"]["capabilities"] == {"bounding": granted, "effective": granted, "permitted": granted}
    assert "/proc/kcore" in config["linux"]["maskedPaths"]
    assert "/proc/sys" in config["linux"]["readonlyPaths"]
    assert config["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ALLOW"
    assert "ro" in next(mount for mount in config["mounts"] if mount["destination"] == "/sys")["options"]


def test_a_privileged_process_gets_what_the_engine_has() -> None:
    config = _config(privileged=True)
    assert config["process"]["capabilities"]["effective"] == ["CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"]
    assert {"maskedPaths", "readonlyPaths", "seccomp"}.isdisjoint(config["linux"])
    assert [device["path"] for device in config["linux"]["devices"]] == ["/dev/fuse"]
    assert "ro" not in next(mount for mount in config["mounts"] if mount["destination"] == "/sys")["options"]


@pytest.mark.parametrize(
    ("path", "namespace"), [(None, {"type": "network"}), (Path("/n"), {"type": "network", "path": "/n"})]
)
def test_the_network_is_new_or_given(path: Path | None, namespace: dict[str, str]) -> None:
    kinds = _config(network_namespace=path)["linux"]["namespaces"]
    assert kinds[-1] == namespace
    assert [kind["type"] for kind in kinds[:-1]] == ["pid", "mount", "ipc", "uts"]


def test_a_further_command_has_the_rights_of_the_first() -> None:
    process = Process(root=Path("/r"), args=("a",), env=("A=1",), cwd="/w", uid=7, gid=8)
    further = further_process(process, HOST, ["x", "y"])
    assert further == runtime_config(process, HOST)["process"] | {"args": ["x", "y"]}
