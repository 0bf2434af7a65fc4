"""Users and groups: who a process runs as, and whom files are given to."""

from __future__ import annotations

import pytest

from engine.core.passwd import Accounts, User
from engine.core.tree import Owner
from engine.errors import InvalidRequest

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
django:x:1501:1500::/home/django:/bin/sh
# a comment
broken:x
1000:x:7:8::/odd:/bin/sh
"""
GROUP = "root:x:0:\nweb:x:1500:\nmedia:x:44:root,django\nlog:x:45:django\n"
ACCOUNTS = Accounts(passwd=PASSWD, group=GROUP)
NOTHING = Accounts(passwd=None, group=None)


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("", User(uid=0, gid=0, groups=(44,), home="/root")),
        ("root", User(uid=0, gid=0, groups=(44,), home="/root")),
        ("django", User(uid=1501, gid=1500, groups=(44, 45), home="/home/django")),
        ("1501", User(uid=1501, gid=1500, groups=(44, 45), home="/home/django")),
        ("4242", User(uid=4242, gid=0, home="/")),
        ("django:web", User(uid=1501, gid=1500, home="/home/django")),
        ("django:44", User(uid=1501, gid=44, home="/home/django")),
        ("1501:1500", User(uid=1501, gid=1500, home="/home/django")),
        ("4242:9", User(uid=4242, gid=9, home="/")),
    ],
)
def test_a_user_is_known_by_name_and_number(name: str, user: User) -> None:
    assert ACCOUNTS.user(name) == user


def test_numbers_need_no_files() -> None:
    assert NOTHING.user("5:6") == User(uid=5, gid=6)
    assert NOTHING.user("") == User(uid=0, gid=0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ghost", "unable to find user ghost: no matching entries in passwd file"),
        ("broken", "unable to find user broken: no matching entries in passwd file"),
        ("django:ghosts", "unable to find group ghosts: no matching entries in group file"),
    ],
)
def test_an_unknown_user_is_an_error(name: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        ACCOUNTS.user(name)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("django", Owner(uid=1501, gid=1501)),
        ("django:web", Owner(uid=1501, gid=1500)),
        ("django:root", Owner(uid=1501, gid=0)),
        ("1000:1001", Owner(uid=1000, gid=1001)),
        ("1000", Owner(uid=1000, gid=1000)),
        ("root", Owner(uid=0, gid=0)),
        ("0:web", Owner(uid=0, gid=1500)),
    ],
)
def test_the_group_of_an_owner_is_the_user_s_number_unless_it_is_named(text: str, owner: Owner) -> None:
    assert ACCOUNTS.owner(text) == owner


def test_no_owner_is_no_wish() -> None:
    assert ACCOUNTS.owner("") is None


def test_root_and_numbers_are_owners_without_files() -> None:
    assert NOTHING.owner("root:5") == Owner(uid=0, gid=5)


@pytest.mark.parametrize(
    ("accounts", "text", "message"),
    [
        (ACCOUNTS, "ghost", "failed to resolve ownership for ghost: find uid: no such user: ghost"),
        (ACCOUNTS, "django:ghosts", "failed to resolve ownership for django:ghosts: find gid: no such group: ghosts"),
        (NOTHING, "bob", "failed to resolve ownership for bob: find uid: open /etc/passwd: no such file or directory"),
        (
            NOTHING,
            "0:bobs",
            "failed to resolve ownership for 0:bobs: find gid: open /etc/passwd: no such file or directory",
        ),
    ],
)
def test_an_unknown_owner_is_an_error(accounts: Accounts, text: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"^{message}$"):
        accounts.owner(text)
