"""The report of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipelines import report
from pipelines.archive import ArchivedImage, Layer
from pipelines.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def image(*digests: str) -> ArchivedImage:
    layers = tuple(Layer(digest=digest, diff_id=digest, size=1500, created_by=f"made {digest}") for digest in digests)
    return ArchivedImage(digest="sha256:image", config={}, layers=layers)


def built(tmp_path: Path, *digests: str, holds: Sequence[str], previous: Sequence[str] = ()) -> report.BuildReport:
    return report.build_report(
        image(*digests),
        archive=tmp_path / "api.oci.tar",
        holds=holds,
        previous=previous,
        seconds=1.234,
        revision="abc",
        notes=[],
    )


def test_each_layer_is_named_by_what_it_holds_and_what_lies_below_by_how_it_was_made(tmp_path: Path) -> None:
    found = built(tmp_path, "a", "b", "c", holds=["base", "code"])
    assert [layer.holds for layer in found.layers] == ["made a", "base", "code"]


def test_a_layer_is_cached_when_the_last_build_had_it(tmp_path: Path) -> None:
    found = built(tmp_path, "a", "b", holds=["base", "code"], previous=["a"])
    assert [layer.cached for layer in found.layers] == [True, False]


def test_the_report_of_one_build_is_what_the_next_compares_with(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert report.previous_layers(path) == []
    report.write_report(built(tmp_path, "a", "b", holds=["base", "code"]), path)
    assert report.previous_layers(path) == ["a", "b"]
    assert [found.name for found in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"layers": [1]}'])
def test_a_report_that_cannot_be_read_is_no_reason_to_fail(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    assert report.previous_layers(tmp_path / "report.json") == []


def test_the_text_has_digest_size_layers_and_time(tmp_path: Path) -> None:
    text = report.build_text(built(tmp_path, "a", "b", holds=["base", "code"], previous=["a"]))
    assert "image    sha256:image" in text
    assert "size     3.0 kB in 2 layers" in text
    assert "  base     1.5 kB  cached" in text
    assert "  code     1.5 kB  run" in text
    assert "time     1.2 s" in text


def test_a_failed_outcome_shows_what_was_expected_and_what_came() -> None:
    text = report.outcomes_text(
        [Outcome(step="one", ok=True), Outcome(step="two", ok=False, detail="expected 1\ncame 2")]
    )
    assert text.splitlines() == [
        "ok    one (0.0 s)",
        "FAIL  two (0.0 s)",
        "      expected 1",
        "      came 2",
        "1 passed, 1 failed",
    ]


def test_outcomes_as_json_say_whether_all_is_well() -> None:
    assert json.loads(report.as_json([Outcome(step="one", ok=True)]))["ok"] is True
    assert json.loads(report.as_json([Outcome(step="one", ok=False)]))["ok"] is False


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (36_229_120, "36.2 MB"), (5 * 10**12, "5000.0 GB")],
)
def test_sizes_are_printed_in_decimal_units(number: int, text: str) -> None:
    assert report.size(number) == text
