"""Names of files of the web."""

from __future__ import annotations

import pytest

from engine.core.http import checked_url, file_name, shown_url
from engine.errors import InvalidRequest


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://host/a/b.tar.gz", "b.tar.gz"),
        ("http://host/a/b/", "b"),
        ("http://host", "index"),
        ("http://host/", "index"),
        ("http://host/f?x=/y#z", "f"),
        ("http://host/a%20b", "a b"),
    ],
)
def test_a_file_is_named_by_the_last_element_of_the_path(url, name):
    assert file_name(url) == name


@pytest.mark.parametrize("url", ["http://host/..", "http://host/" + "x" * 256])
def test_what_could_be_no_file_name_is_refused(url):
    with pytest.raises(InvalidRequest):
        file_name(url)


@pytest.mark.parametrize(
    "url", ["", "host/x", "ftp://host/x", "http://", "http:///x", "http://[::1/x", "http://h:99999/"]
)
def test_what_http_cannot_fetch_is_refused(url):
    with pytest.raises(InvalidRequest, match="cannot fetch"):
        checked_url(url)


def test_a_shown_url_has_no_password():
    assert shown_url("https://me:secret@host:8/x?y") == "https://host:8/x?y"
