"""What is remembered of URLs."""

from __future__ import annotations

from engine.core.digest import digest_of
from engine.core.http import Fetched
from engine.web.validators import FileValidators

KEY = digest_of("key")
FETCHED = Fetched(digest=digest_of("contents"), modified=7, etag='"e"')


def test_what_was_kept_last_is_recalled(tmp_path):
    validators = FileValidators(tmp_path / "http")
    assert validators.recall(KEY) is None
    validators.keep(KEY, Fetched(digest=digest_of("old")))
    validators.keep(KEY, FETCHED)
    assert FileValidators(tmp_path / "http").recall(KEY) == FETCHED
    assert len(list((tmp_path / "http").iterdir())) == 1


def test_a_damaged_file_is_as_good_as_none(tmp_path):
    validators = FileValidators(tmp_path)
    validators.keep(KEY, FETCHED)
    for damage in ("", "{", '{"other": 1}'):
        next(tmp_path.iterdir()).write_text(damage)
        assert validators.recall(KEY) is None
