"""Waiting and locking against a PostgreSQL server of the test's own, from the system's package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from startup import database

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
needs_postgresql = pytest.mark.skipif(not BINARIES, reason="the system's PostgreSQL server is not installed")


@pytest.fixture(scope="module")
def postgresql():
    """Start a server whose superuser is `emr`; yield the URL of its databases without the name."""
    directory = Path(tempfile.mkdtemp(prefix="emr-postgresql-"))
    directory.joinpath("password").write_text("s3cret")
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        for path in (directory, directory / "password"):
            shutil.chown(path, user, user)
    port = _free_port()

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [BINARIES[-1] / program, *arguments], check=True, user=user, group=user, cwd="/", stdout=subprocess.DEVNULL
        )

    data, log = str(directory / "data"), str(directory / "log")
    try:
        run("initdb", "-D", data, "-U", "emr", "-A", "scram-sha-256", f"--pwfile={directory / 'password'}", "--no-sync")
        run(
            "pg_ctl",
            "-D",
            data,
            "-l",
            log,
            "-w",
            "-o",
            f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -F",
            "start",
        )
        yield f"postgres://emr:s3cret@127.0.0.1:{port}"
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(directory)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def create(url: str, name: str) -> str:
    import psycopg

    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{url}/{name}"


@needs_postgresql
def test_starts_at_once_migrate_one_after_the_other(app, postgresql):
    environ = app.environ | {"DATABASE_URL": create(postgresql, "race")}
    command = [sys.executable, "-m", "startup", "release"]
    starts = [
        subprocess.Popen(
            command, cwd=app.path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    logs = [start.communicate(timeout=120)[0] for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], logs
    assert sorted("Applying patients.0001_initial" in log for log in logs) == [False, False, True]
    assert sum("No migrations to apply" in log for log in logs) == 2


@needs_postgresql
def test_a_lock_that_is_held_ends_the_wait_in_one_line(app, postgresql):
    import psycopg

    url = create(postgresql, "held")
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [database._LOCK])
        done = app.run("-m", "startup", "release", DATABASE_URL=url, DJANGO_MIGRATE_LOCK_WAIT="1")
    assert (done.returncode, len(done.stderr.splitlines())) == (75, 1)
    assert "another start is migrating, waiting up to 1 s" in done.stdout
    assert app.run("-m", "startup", "release", DATABASE_URL=url).returncode == 0


@needs_postgresql
@pytest.mark.parametrize(
    ("name", "password", "cause"),
    [
        ("postgres", "wrong", "password authentication failed"),
        ("nowhere", "s3cret", 'database "nowhere" does not exist'),
    ],
)
def test_what_waiting_cannot_mend_ends_at_once(app, postgresql, name, password, cause):
    url = f"{postgresql.replace('s3cret', password)}/{name}"
    done = app.run("-m", "startup", "release", DATABASE_URL=url, DJANGO_DATABASE_WAIT="100")
    assert done.returncode == 69
    assert cause in done.stderr
    assert "does not answer yet" not in done.stdout


@needs_postgresql
def test_the_whole_start_on_postgresql(app, postgresql):
    with app.serving(DATABASE_URL=create(postgresql, "whole")), app.get("/api/health/") as answer:
        assert answer.status == 200
    assert not (app.path / "db.sqlite3").exists()


def test_an_errors_first_line_carries_no_full_stop():
    assert database.first_line(ValueError("it broke.\n\tIs it on?")) == "it broke"
    assert database.first_line(ValueError()) == "ValueError"
