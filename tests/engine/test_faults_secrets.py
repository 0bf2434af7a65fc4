"""Where secrets must never be: the store, command lines, the progress, errors, images."""

from __future__ import annotations

import base64
import socket
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.faults import (
    Refused,
    RunningSession,
    commands,
    descendants,
    eventually,
    kill,
    session,
    sh,
    step,
)
from tests.small_image import small_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root

SECRET = "swordfish-4711-in-the-clear"
ENVIRON = "perch-0815-from-outside"
SECRETS = SECRET, ENVIRON


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_image(tmp_path_factory.mktemp("image") / "small.tar")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningSession]:
    with session(tmp_path / "state", OUTER=ENVIRON) as running:
        yield running


def with_secrets(running: RunningSession, rest: str) -> str:
    """A container that has one secret as variable, the other one as file, and a name like the image's own."""
    ids = [
        running.leaf(f'{{ setSecret(name: "s", plaintext: "{SECRET}") {{ id }} }}'),
        running.leaf('{ secret(uri: "env://OUTER") { id } }'),
    ]
    return (
        f'withSecretVariable(name: "S", secret: "{ids[0]}") {{ withMountedSecret(path: "/s", source: "{ids[1]}") '
        f"{{ {rest} }} }}"
    )


def found(place: Path) -> list[str]:
    """Files below a place with a secret in them, compressed or not."""
    patterns = [part for secret in SECRETS for part in ("-e", secret)]
    ended = subprocess.run(["grep", "-rlaFs", *patterns, place], capture_output=True, text=True, check=False)
    return ended.stdout.splitlines()


def test_they_are_not_in_the_store_the_progress_or_the_image(running, archive, tmp_path):
    use = 'test -n "$S"; cat /s; echo; echo "$S"; echo $S >&2; cat /s >&2'
    output = running.leaf(running.image(archive, with_secrets(running, step(use, "combinedOutput"))))
    assert str(output).count("***") == 4
    image = tmp_path / "image.tar"
    options = f'export(path: "{image}", forcedCompression: Uncompressed)'
    running.leaf(running.image(archive, with_secrets(running, f"{sh(use)} {{ {options} }} }}")))
    assert (
        running.leaf(
            running.image(archive, with_secrets(running, 'withExec(args: ["true"]) { envVariable(name: "S") }'))
        )
        is None
    )
    with tarfile.open(image) as tar:
        assert "index.json" in tar.getnames()
    assert found(tmp_path) == []
    assert running.close() == 0
    assert found(tmp_path) == []


def test_they_are_on_no_command_line_and_in_no_file_of_the_store_while_a_step_runs(running, archive):
    running.asking(running.image(archive, with_secrets(running, step("sleep 4360"))))
    assert eventually(lambda: "sleep 4360" in commands(running.processes()))
    lines = commands([int(path.name) for path in Path("/proc").glob("[0-9]*")])
    assert [line for line in lines if any(secret in line for secret in SECRETS)] == []
    # Not even for a moment: what a killed session leaves on the disk would have them.
    assert found(running.state) == []
    engine = Path(f"/proc/{running.engine()}/root{running.state}")
    files = [path for path in found(engine) if not _in_memory(Path(path))]
    assert files == []
    kill(running.process.pid)
    running.process.wait()
    assert found(running.state) == []


def _in_memory(path: Path) -> bool:
    return (
        subprocess.run(
            ["stat", "--file-system", "--format=%T", path], capture_output=True, text=True, check=True
        ).stdout
        == "tmpfs\n"
    )


def test_they_are_in_no_error(running, archive):
    script = 'echo "out $S"; cat /s; echo "err $S" >&2; cat /s >&2; exit 3'
    with pytest.raises(Refused) as caught:
        running.leaf(running.image(archive, with_secrets(running, step(script))))
    assert not any(secret in str(caught.value) for secret in SECRETS)
    assert str(caught.value).count("***") == 4
    log = running.log.read_text()
    assert not any(secret in log for secret in SECRETS)


def test_they_are_not_in_what_a_failing_health_check_says(running, archive):
    check = '["sh", "-c", "echo check $S; cat /s; cat /s >&2; exit 1"]'
    service = (
        f'withDockerHealthcheck(args: {check}, retries: 1, interval: "10ms") '
        '{ withExposedPort(port: 80) { asService(args: ["sleep", "4361"]) { start } } }'
    )
    with pytest.raises(Refused) as caught:
        running.leaf(running.image(archive, with_secrets(running, service)))
    assert not any(secret in str(caught.value) for secret in SECRETS)
    assert "check ***" in str(caught.value)
    assert str(caught.value).count("***") == 3


def test_they_are_not_in_what_a_service_that_ends_leaves_behind(running, archive):
    service = 'withExposedPort(port: 80) { asService(args: ["sh", "-c", "echo $S; cat /s >&2; exit 4"]) { start } }'
    with pytest.raises(Refused) as caught:
        running.leaf(running.image(archive, with_secrets(running, service)))
    assert not any(secret in str(caught.value) for secret in SECRETS)
    assert str(caught.value).count("***") == 2
    assert not any(secret in running.log.read_text() for secret in SECRETS)


def test_a_password_of_a_registry_is_not_on_the_disk_while_it_is_used(running, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:  # never answers
        host = f"127.0.0.1:{server.getsockname()[1]}"
        secret = running.leaf(f'{{ setSecret(name: "p", plaintext: "{SECRET}") {{ id }} }}')
        login = f'withRegistryAuth(address: "{host}", username: "u", secret: "{secret}")'
        connection = running.sent(f'{{ container {{ {login} {{ from(address: "{host}/image:1") {{ id }} }} }} }}')
        assert eventually(lambda: any("skopeo" in line for line in commands(descendants(running.process.pid))))
        kill(running.process.pid)
        running.process.wait()
        encoded = base64.b64encode(f"u:{SECRET}".encode()).decode()
        ended = subprocess.run(["grep", "-rF", encoded, running.state], capture_output=True, check=False)
        assert ended.stdout == b""
        connection.close()


def test_a_secret_by_command_reads_none_of_the_clients_input_and_ends_with_the_client(running, archive):
    uri = "cmd://cat; sleep 4362"
    connection = running.sent(f'{{ secret(uri: "{uri}") {{ plaintext }} }}')
    assert eventually(lambda: "sleep 4362" in commands(running.processes()))
    connection.close()
    assert eventually(lambda: "sleep 4362" not in commands(running.processes()))
