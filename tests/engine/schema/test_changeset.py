"""Changesets through the API."""

from __future__ import annotations

import dagger
import pytest

pytestmark = pytest.mark.root


@pytest.fixture
def before(dag):
    """Four files."""
    tree = dag.directory()
    for name in ("same", "changed", "gone", "d/gone"):
        tree = tree.with_new_file(name, "1")
    return tree.with_timestamps(1)


@pytest.fixture
def after(before):
    """The same, after some changes."""
    changed = before.with_new_file("changed", "2").with_new_file("added*", "1").without_files(["gone", "d"])
    return changed.with_timestamps(1)


async def test_paths_are_listed_by_what_happened_to_them(before, after):
    changes = after.changes(before)
    assert await changes.added_paths() == ["added*"]
    assert await changes.modified_paths() == ["changed"]
    assert await changes.removed_paths() == ["d/", "gone"]
    assert await changes.is_empty() is False


async def test_no_change_is_empty(before):
    assert await before.changes(before).is_empty() is True


async def test_the_layer_has_what_was_added_and_changed(before, after):
    assert await after.changes(before).layer().entries() == ["added*", "changed"]


async def test_both_sides_can_be_asked_for(before, after):
    changes = after.changes(before)
    assert await changes.before().exists("gone")
    assert await changes.after().exists("gone") is False


async def test_changes_are_made_to_another_directory(dag, before, after):
    other = dag.directory().with_new_file("gone", "x").with_new_file("d/gone", "x").with_new_file("other", "x")
    assert await other.with_changes(after.changes(before)).entries() == ["added*", "changed", "other"]


@pytest.mark.parametrize("name", ["a*", "a?", "a[b]", "a\\b*", "a[*", "d\\d/a*", "d?/a*", "d*/[a]"])
async def test_a_removed_name_is_no_pattern(dag, name):
    kept = dag.directory().with_new_file("ab", "1").with_new_file("d\\d/ab", "1")
    changes = kept.changes(kept.with_new_file(name, "1"))
    assert await kept.with_new_file(name, "1").with_changes(changes).glob("**/*") == ["ab", "d\\d/", "d\\d/ab"]


async def test_patches_are_not_supported(before, after):
    with pytest.raises(dagger.QueryError, match=r"Changeset\.asPatch is not supported by this engine: "):
        await after.changes(before).as_patch().contents()
