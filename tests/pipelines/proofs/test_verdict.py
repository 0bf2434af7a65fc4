"""What a proof came to."""

from __future__ import annotations

import json

from pipelines.proofs.verdict import Proof, Rule, as_json, as_text, hold, same, unseen

GOOD = Rule(says="all is well", checked=3)


def test_a_rule_that_met_nothing_has_proved_nothing() -> None:
    empty = hold("all is well", [], lambda _: "")
    assert not empty.ok
    assert "nothing was there to be looked at" in as_text("sha256:1", [Proof(name="x", rules=(GOOD, empty))])


def test_a_proof_without_rules_has_proved_nothing() -> None:
    assert not Proof(name="x", rules=()).ok


def test_a_rule_says_of_which_things_it_is_not_true_and_how_many_it_saw() -> None:
    rule = hold("small", [1, 20, 3], lambda number: f"{number} is large" if number > 9 else "")
    assert (rule.ok, rule.checked, rule.broken) == (False, 3, ("20 is large",))
    assert same("one", 1, 2, " here").broken == ("expected 1, came 2 here",)
    assert same("one", 1, 1).ok


def test_a_look_that_did_not_come_about_is_a_failure_with_its_reason() -> None:
    proof = unseen("static", "the server did not start")
    assert not proof.ok
    assert "the server did not start" in as_text("sha256:1", [proof])


def test_text_names_the_image_the_counts_and_no_more_than_five_of_what_is_wrong() -> None:
    bad = hold("small", range(20), lambda number: f"{number} is large" if number > 9 else "")
    text = as_text("sha256:1", [Proof(name="sizes", rules=(GOOD, bad), checked={"numbers": 20}, seconds=1.26)])
    assert text.startswith("image sha256:1\nFAIL  sizes (1.3 s): 20 numbers\n  ok    all is well [3]\n")
    assert text.endswith("          and 5 more\n0 proved, 1 failed")


def test_json_has_everything_that_is_wrong() -> None:
    bad = hold("small", range(20), lambda number: f"{number} is large" if number > 9 else "")
    told = json.loads(as_json("sha256:1", [Proof(name="a", rules=(GOOD,)), Proof(name="b", rules=(bad,))]))
    assert (told["ok"], told["digest"]) == (False, "sha256:1")
    assert [proof["ok"] for proof in told["proofs"]] == [True, False]
    assert len(told["proofs"][1]["rules"][0]["broken"]) == 10
