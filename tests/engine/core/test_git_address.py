"""How people write where a repository is."""

from __future__ import annotations

import pytest

from engine.core.git_address import (
    GitAddress,
    basic,
    is_git_address,
    parse_git_address,
    parse_git_url,
    relocated,
    without_password,
)
from engine.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://github.com/a/b", "https://github.com/a/b"),
        ("github.com/a/b", "https://github.com/a/b"),
        ("host.org:8443/a", "https://host.org:8443/a"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("ssh://git@host/a", "ssh://git@host/a"),
        ("git://host/a", "git://host/a"),
        ("file:///srv/a", "file:///srv/a"),
    ],
)
def test_addresses_become_urls(text, url):
    assert parse_git_url(text) == url


@pytest.mark.parametrize(
    "text", ["", "a", "a/b", "/srv/a", "../a", "ext::sh -c id", "https://", "-u x", "ftp://h/a", "a\nb"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(InvalidRequest, match="failed to parse Git URL"):
        parse_git_url(text)


def test_an_address_may_name_a_ref_and_a_directory():
    assert parse_git_address("github.com/a/b") == GitAddress(url="https://github.com/a/b")
    assert parse_git_address("https://h/a#main") == GitAddress(url="https://h/a", ref="main")
    assert parse_git_address("https://h/a#v1:x/y") == GitAddress(url="https://h/a", ref="v1", directory="x/y")


def test_a_password_leaves_the_url():
    assert without_password("https://me:p%40ss@h:1/a?b") == ("https://h:1/a?b", basic("me", "p@ss"))
    assert without_password("https://h/a") == ("https://h/a", "")
    assert without_password("ssh://git@h/a") == ("ssh://git@h/a", "")


def test_a_token_without_a_name_has_the_usual_one():
    assert basic("", "t") == basic("x-access-token", "t")


def test_only_the_host_of_a_relocated_url_changes():
    assert relocated("git://name:1/a/b", "127.0.0.1", 7) == "git://127.0.0.1:7/a/b"


@pytest.mark.parametrize(
    ("text", "is_git"),
    [("https://h/a", True), ("git@h:a", True), ("file:///a", False), ("a/b", False), ("github.com/a/b", False)],
)
def test_what_might_be_a_path_of_the_host_is_one(text, is_git):
    assert is_git_address(text) is is_git
