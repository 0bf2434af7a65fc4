"""What names of a Git repository stand for."""

from __future__ import annotations

import pytest

from engine.core.git import HEADS, TAGS, Checkout, GitRefs, checked_commit
from engine.errors import EngineError, InvalidRequest

A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
REFS = GitRefs.parse(
    f"ref: refs/heads/main\tHEAD\n{A}\tHEAD\n{B}\trefs/heads/both\n{A}\trefs/heads/main\n{C}\trefs/pull/1/head\n"
    f"{C}\trefs/tags/both\n{D}\trefs/tags/v1\n{B}\trefs/tags/v1^{{}}\n"
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("HEAD", ("refs/heads/main", A)),
        ("main", ("refs/heads/main", A)),
        ("refs/heads/main", ("refs/heads/main", A)),
        ("both", ("refs/heads/both", B)),
        ("tags/both", ("refs/tags/both", C)),
        ("v1", ("refs/tags/v1", B)),
        ("refs/tags/v1", ("refs/tags/v1", B)),
        ("pull/1/head", ("refs/pull/1/head", C)),
        ("f" * 40, ("", "f" * 40)),
    ],
)
def test_a_name_is_looked_up_as_git_checkout_does(name, found):
    assert REFS.find(name) == found


@pytest.mark.parametrize("name", ["nothing", "refs/heads/v1", "", "f" * 39])
def test_a_name_that_is_not_there_is_an_error(name):
    with pytest.raises(EngineError, match=f'repository does not contain ref "{name}"'):
        REFS.find(name)


def test_names_are_listed_short_and_once():
    assert REFS.names(HEADS) == ["both", "main"]
    assert REFS.names(TAGS) == ["both", "v1"]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [(["v*"], ["v1"]), (["refs/tags/*"], ["both", "v1"]), (["b*", "v1"], ["both", "v1"]), (["x"], []), (["1"], [])],
)
def test_patterns_match_the_end_of_a_name(patterns, names):
    assert REFS.names(TAGS, patterns) == names


@pytest.mark.parametrize(
    ("tags", "latest"),
    [
        (["v1.9.0", "v1.10.0", "v1.2.0"], "v1.10.0"),
        (["v1.0.0", "v1.0.0-rc.1"], "v1.0.0"),
        (["v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0-alpha"], "v1.0.0-rc.10"),
        (["v1.0.0-1", "v1.0.0-a", "v1.0.0-a.b"], "v1.0.0-a.b"),
        (["v1", "v0.9.9"], "v1"),
        (["2.0.0", "v1.0.0", "v01.0.0", "vx"], "v1.0.0"),
    ],
)
def test_the_latest_version_is_the_highest(tags, latest):
    refs = GitRefs(hashes={TAGS + tag: A for tag in tags}, symbolic={})
    assert refs.latest_version() == TAGS + latest


def test_no_version_is_an_error():
    with pytest.raises(EngineError, match="no valid semver tags found"):
        GitRefs(hashes={TAGS + "release": A}, symbolic={}).latest_version()


def test_only_a_whole_hash_is_a_commit():
    assert checked_commit(A) == A
    for text in ("abc", A.upper(), A + "0", "main"):
        with pytest.raises(InvalidRequest, match="invalid commit SHA"):
            checked_commit(text)


def test_without_git_directory_the_commit_alone_counts():
    one = Checkout(commit=A, name="refs/heads/main", url="https://one", git_dir=False)
    other = Checkout(commit=A, url="https://other", git_dir=False)
    assert one.key == other.key
    assert Checkout(commit=A, url="https://one").key != Checkout(commit=A, url="https://other").key
