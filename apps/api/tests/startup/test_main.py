"""The container's command, run for real on a built copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
from pathlib import Path

import pytest

from startup.static_stamp import STAMP

# Root may write everywhere; without this capability it is a user like any other.
WITHOUT_ROOTS_POWER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


def start(app, **environ):
    """Run the container's command where something stops it before it becomes the server."""
    return app.run("-m", "startup", **environ)


def test_the_whole_start_as_the_server_and_its_end(app):
    with app.serving(DJANGO_SUPERUSER_USERNAME="root", DJANGO_SUPERUSER_PASSWORD="correct-horse-battery") as process:
        assert b"gunicorn" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        with app.get("/static/admin/css/base.css") as css:
            assert css.read() == (app.static / "admin/css/base.css").read_bytes()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    log = (app.path / "log").read_text()
    steps = [
        "Applying patients.0001_initial",
        "files as built, nothing to copy",
        "superuser: 'root' created",
        "Listening at",
    ]
    assert [log.index(step) for step in steps] == sorted(log.index(step) for step in steps)


def test_every_file_of_the_manifest_is_served_compressed_and_for_ever(app):
    manifest = json.loads((app.static / "staticfiles.json").read_text())["paths"]
    with app.serving():
        for hashed in list(manifest.values())[::7]:
            with app.get(f"/static/{hashed}") as answer:
                assert answer.read() == (app.static / hashed).read_bytes()
                assert "immutable" in answer.headers["Cache-Control"]
        for encoding in ("gzip", "br"):
            with app.get("/static/admin/css/base.css", **{"Accept-Encoding": encoding}) as answer:
                assert answer.headers["Content-Encoding"] == encoding
        with pytest.raises(urllib.error.HTTPError, match="404") as unknown:
            app.get("/static/admin/css/base.000000000000.css")
        unknown.value.close()


def test_an_older_releases_volume_is_collected_anew_once(app):
    # The old release's file is newer than the image's, as a volume's are: Django alone would keep it.
    css, stamp = app.static / "admin/css/base.css", app.static / STAMP
    built = css.read_bytes()
    css.write_bytes(b"old")
    os.utime(css, (4e9, 4e9))
    old_hashed = app.static / "admin/css/base.aaaaaaaaaaaa.css"
    old_hashed.write_bytes(b"still asked for by a server of that release")
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"release": "0" * 64}))
    with app.serving():
        log = (app.path / "log").read_text()
    assert "holds another release's files (a volume?); collecting anew" in log
    assert "static files copied" in log
    assert css.read_bytes() == built
    assert old_hashed.exists()
    with app.serving():
        assert "files as built, nothing to copy" in (app.path / "log").read_text()


def test_refuse_stops_before_the_database_is_touched(app):
    (app.static / STAMP).unlink()
    done = start(app, DJANGO_COLLECTSTATIC="refuse")
    assert done.returncode == 65
    assert "static files check failed" in done.stderr
    assert not (app.path / "db.sqlite3").exists()


def test_never_leaves_the_files_and_says_so(app):
    (app.static / STAMP).unlink()
    with app.serving(DJANGO_COLLECTSTATIC="0", DJANGO_MIGRATE="0"):
        pass
    log = (app.path / "log").read_text()
    assert "(DJANGO_COLLECTSTATIC=0, left as they are)" in log
    assert "migrate: left out (DJANGO_MIGRATE=0)" in log
    assert not (app.static / STAMP).exists()


def test_an_unwritable_static_root_is_one_line_that_names_the_user(app):
    (app.static / STAMP).unlink()
    shutil.rmtree(app.static)
    app.static.mkdir(mode=0o555)
    done = app.run("-m", "startup", prefix=WITHOUT_ROOTS_POWER)
    assert done.returncode == 73, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert f"{app.static}/" in done.stderr
    assert f"cannot be written as uid {os.geteuid()}" in done.stderr
    assert "DJANGO_COLLECTSTATIC=0" in done.stderr


def test_a_database_that_is_down_ends_the_start_in_one_line_within_its_time(app):
    begin = time.monotonic()
    done = start(app, DATABASE_URL="postgres://emr:hidden@127.0.0.1:1/emr", DJANGO_DATABASE_WAIT="1")
    assert done.returncode == 69
    assert time.monotonic() - begin < 10
    assert len(done.stderr.splitlines()) == 1
    assert "PostgreSQL at 127.0.0.1:1, database emr did not answer within 1 s" in done.stderr
    assert "hidden" not in done.stdout + done.stderr


def test_an_embedded_database_that_cannot_be_made_is_one_line(app):
    done = start(app, DATABASE_URL="sqlite:////nowhere/db.sqlite3")
    assert done.returncode == 69
    assert "SQLite file /nowhere/db.sqlite3: unable to open database file" in done.stderr


def test_a_stop_during_the_start_is_heard(app):
    environ = app.environ | {"DATABASE_URL": "postgres://emr:x@127.0.0.1:1/emr"}
    with subprocess.Popen(
        [sys.executable, "-m", "startup"],
        cwd=app.path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert "does not answer yet" in process.stdout.readline()
        process.terminate()
        assert process.communicate() == ("", "startup: stopped by SIGTERM\n")
    assert process.returncode == 143


def test_a_wrong_settings_module_is_one_line(app):
    done = start(app, DJANGO_SETTINGS_MODULE="config.settings.nowhere")
    assert (done.returncode, len(done.stderr.splitlines())) == (78, 1)


def test_a_request_in_flight_is_completed_before_the_end(app):
    (app.path / "config" / "wsgi.py").write_text(
        "import time\n"
        "from config.slow import application as inner\n"
        "def application(environ, start):\n"
        "    if environ['PATH_INFO'] == '/slow':\n"
        "        time.sleep(1.5)\n"
        "        start('200 OK', [('Content-Length', '4')])\n"
        "        return [b'done']\n"
        "    return inner(environ, start)\n"
    )
    (app.path / "config" / "slow.py").write_text(
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
    )
    bodies = []
    with app.serving() as process:
        request = threading.Thread(target=lambda: bodies.append(app.get("/slow").read()))
        request.start()
        time.sleep(0.7)
        process.send_signal(signal.SIGTERM)
        request.join(timeout=20)
        assert process.wait(timeout=20) == 0
    assert bodies == [b"done"]


def test_release_only_migrates(app):
    done = app.run("-m", "startup", "release")
    assert done.returncode == 0
    assert "Applying patients.0001_initial... OK" in done.stdout
    assert "static files" not in done.stdout


def test_stamp_without_collected_files_says_what_to_do(app):
    (app.static / "staticfiles.json").unlink()
    done = app.run("-m", "startup", "stamp")
    assert done.returncode == 65
    assert "collectstatic --noinput" in done.stderr


def test_stamp_and_health_do_without_django(app):
    for verb in ("stamp", "health"):
        done = app.run("-X", "importtime", "-m", "startup", verb)
        assert "django" not in done.stderr


def test_manage_runs_a_management_command(app):
    done = app.run("-m", "startup", "manage", "check")
    assert "no issues" in done.stdout


def test_anything_else_is_answered_with_the_usage(app):
    done = app.run("-m", "startup", "fly")
    assert done.returncode == 64
    assert done.stderr.startswith("usage:")
