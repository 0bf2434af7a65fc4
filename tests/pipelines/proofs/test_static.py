"""What a server handed out: right facts pass, each wrong one breaks its own rule."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pipelines.proofs.static import judge

NAME, HASHED = "a.css", "a.0123456789ab.css"


def answer(name: str, asked: str, **changes: Any) -> dict[str, Any]:
    packed = {"identity": "plain", "gzip": "gz", "br": "br"}[asked]
    return {
        "name": name,
        "asked": asked,
        "status": 200,
        "type": 'text/css; charset="utf-8"',
        "caching": "max-age=315360000, public, immutable" if name == HASHED else "max-age=60, public",
        "expires": "",
        "vary": "Accept-Encoding",
        "encoding": "" if asked == "identity" else asked,
        "sha256": packed,
        "plain": "plain",
        **changes,
    }


def held() -> dict[str, str]:
    return {
        "sha256": "plain",
        "md5": "0123456789abcdef",
        "gzip": "gz",
        "gzip-plain": "plain",
        "br": "br",
        "br-plain": "plain",
    }


FACTS: dict[str, Any] = {
    "manifest": {NAME: HASHED},
    "held": {NAME: held(), HASHED: held()},
    "answers": [answer(name, asked) for name in (NAME, HASHED) for asked in ("identity", "gzip", "br")],
    "unknown": [{"name": "a.x.css", "status": 404, "caching": "", "expires": ""}],
    "brotli": True,
}


def broken(facts: dict[str, Any]) -> list[str]:
    return [f"{rule.says}: {' '.join(rule.broken)}" for rule in judge(facts).rules if not rule.ok]


def changed(part: str, at: Any, **changes: Any) -> dict[str, Any]:
    facts = copy.deepcopy(FACTS)
    facts[part][at].update(changes)
    return facts


def test_right_facts_pass_and_are_counted() -> None:
    assert broken(FACTS) == []
    assert judge(FACTS).checked == {"entries": 1, "files fetched": 2, "requests": 7, "bodies compared": 6}


@pytest.mark.parametrize(
    ("part", "at", "changes", "said"),
    [
        ("held", HASHED, {"md5": "f" * 32}, "is the digest of its file"),
        ("held", NAME, {"gzip-plain": "other"}, "unpacks to its file: a.css (gzip)"),
        ("held", NAME, {"br-plain": "other"}, "unpacks to its file: a.css (br)"),
        ("answers", 0, {"type": "text/plain"}, "has the type"),
        ("answers", 0, {"type": "text/css"}, "has the type"),
        ("answers", 0, {"plain": "other"}, "a.css (identity) is not the image's file"),
        ("answers", 1, {"plain": "other"}, "a.css (gzip) is not the image's file"),
        ("answers", 3, {"caching": "max-age=60, immutable"}, "hashed name may be kept for ever"),
        ("answers", 3, {"caching": "max-age=315360000, public"}, "hashed name may be kept for ever"),
        ("answers", 0, {"caching": "max-age=315360000, public"}, "longer than a day"),
        ("answers", 0, {"caching": "max-age=60, immutable"}, "longer than a day"),
        ("answers", 0, {"encoding": "gzip"}, "what was not asked for is not sent"),
        ("answers", 1, {"encoding": ""}, "gzip is sent"),
        ("answers", 2, {"encoding": ""}, "br is sent"),
        ("answers", 0, {"vary": ""}, "says Vary: ''"),
        ("unknown", 0, {"status": 200}, "unknown hash is answered 404"),
        ("unknown", 0, {"caching": "public, max-age=60"}, "may not be kept"),
        ("unknown", 0, {"expires": "Thu, 01 Jan 2099 00:00:00 GMT"}, "may not be kept"),
    ],
)
def test_each_wrong_fact_breaks_its_own_rule(part: str, at: Any, changes: dict[str, Any], said: str) -> None:
    (found,) = broken(changed(part, at, **changes))
    assert said in found


def test_a_file_that_is_missing_is_told_as_such() -> None:
    facts = copy.deepcopy(FACTS)
    facts["held"][NAME] = {}
    assert any("a.css is missing" in said for said in broken(facts))


def test_without_brotli_the_body_must_be_the_images_compressed_file() -> None:
    facts = {**copy.deepcopy(FACTS), "brotli": False}
    assert broken(facts) == []
    facts["answers"][2]["sha256"] = "other"
    (found,) = broken(facts)
    assert "a.css (br) is not the image's file" in found


def test_a_hashed_name_without_a_suffix_need_not_be_kept_for_ever() -> None:
    facts = copy.deepcopy(FACTS)
    bare = "LICENSE.0123456789ab"
    facts["manifest"]["LICENSE"] = bare
    facts["held"] |= {"LICENSE": held(), bare: held()}
    facts["answers"] += [
        answer(name, asked, type="application/octet-stream")
        for name in ("LICENSE", bare)
        for asked in ("identity", "gzip", "br")
    ]
    assert broken(facts) == []
