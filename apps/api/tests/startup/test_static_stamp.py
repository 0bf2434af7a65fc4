from __future__ import annotations

import json
import os
import time

import pytest

from startup import static_stamp
from startup.static_stamp import MANIFEST, STAMP


def judge(app):
    return static_stamp.judge(static_root=app.static, code=app.path)


def test_files_as_built_need_no_work_and_milliseconds(app):
    start = time.perf_counter()
    verdict = judge(app)
    assert verdict.as_built
    assert (
        verdict.reason == f"{sum(1 for p in app.static.rglob('*') if p.is_file()) - 1} files as built, nothing to copy"
    )
    assert time.perf_counter() - start < 0.2


def test_other_times_change_nothing(app):
    for path in app.static.rglob("*"):
        os.utime(path, (0, 0))
    assert judge(app).as_built


def test_an_empty_volume_is_noticed(app):
    app.static.rename(app.path / "old")
    app.static.mkdir()
    assert "does not hold what the image brought" in judge(app).reason


def test_another_releases_volume_is_noticed_though_its_own_stamp_is_true(app):
    stamp = json.loads((app.static / STAMP).read_text())
    (app.static / STAMP).write_text(json.dumps(stamp | {"release": "0" * 64}))
    assert "another release" in judge(app).reason


def test_code_without_a_record_is_noticed(app):
    (app.path / STAMP).unlink()
    assert "no record of a build" in judge(app).reason


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"release": "x"}'])
def test_a_damaged_stamp_counts_as_none(app, damage):
    (app.static / STAMP).write_text(damage)
    assert not judge(app).as_built


def test_a_missing_and_a_cut_file_are_named(app):
    css = app.static / "admin/css/base.css"
    css.write_bytes(b"")
    assert "base.css has 0 bytes instead of" in judge(app).reason
    css.unlink()
    assert judge(app).reason.endswith("base.css is missing")


def test_the_same_files_give_the_same_stamp_whatever_the_manifests_order(app):
    before = (app.static / MANIFEST).read_bytes(), (app.static / STAMP).read_bytes()
    manifest = json.loads(before[0])
    manifest["paths"] = dict(reversed(manifest["paths"].items()))
    (app.static / MANIFEST).write_text(json.dumps(manifest))
    static_stamp.write_stamps(static_root=app.static, code=app.path)
    assert ((app.static / MANIFEST).read_bytes(), (app.static / STAMP).read_bytes()) == before


def test_a_narrow_umask_of_the_build_does_not_stay(app):
    compressed = app.static / "admin/css/base.css.gz"
    compressed.chmod(0o600)
    static_stamp.write_stamps(static_root=app.static, code=app.path)
    assert compressed.stat().st_mode & 0o777 == 0o644


def test_only_names_with_a_digest_outlive_a_new_collection(app):
    hashed = app.static / json.loads((app.static / MANIFEST).read_text())["paths"]["admin/css/base.css"]
    static_stamp.drop_unhashed(static_root=app.static)
    assert hashed.exists()
    assert hashed.with_name(f"{hashed.name}.gz").exists()
    assert not (app.static / "admin/css/base.css").exists()
    assert not (app.static / STAMP).exists()


def test_a_collection_without_a_manifest_leaves_no_stamp(tmp_path):
    (tmp_path / "base.css").write_text("body {}")
    static_stamp.renew_stamp(static_root=tmp_path)
    assert not (tmp_path / STAMP).exists()
