from __future__ import annotations

import random
import re

import pytest

from engine.executor.scrubber import Scrubber, maskable


def _scrub(secrets: list[bytes], *pieces: bytes) -> bytes:
    scrubber = Scrubber(secrets)
    return b"".join([*map(scrubber.feed, pieces), scrubber.finish()])


@pytest.mark.parametrize(
    ("secrets", "text", "expected"),
    [
        ([b"s3cret"], b"a s3cret b s3crets3cret", b"a *** b ******"),
        ([b"one", b"two"], b"one two twone", b"*** *** ***ne"),
        ([b"short", b"shorter-than"], b"shorter-than short", b"*** ***"),
        ([b"abc", b"bcdef"], b"abcdef", b"***def"),
        ([b"  padded\n"], b"[padded] [  padded\n]", b"[***] [***]"),
        ([b"l1\nl2\n"], b"l1\nl2\n l1\n l2\n", b"*** l1\n l2\n"),
        ([b"", b"  ", b"\n"], b"x y", b"x y"),
        ([b"a.c*"], b"abc a.c*", b"abc ***"),
        ([b"\xff\x00"], b"1\xff\x002", b"1***2"),
        ([], b"nothing", b"nothing"),
    ],
)
def test_secrets_are_masked(secrets: list[bytes], text: bytes, expected: bytes) -> None:
    assert _scrub(secrets, text) == expected


def test_a_secret_of_blanks_is_masked_only_as_it_is() -> None:
    assert _scrub([b"  "], b"a  b c") == b"a***b c"


def test_the_longest_form_comes_first() -> None:
    assert maskable([b" ab ", b"abc", b""]) == [b" ab ", b"abc", b"ab"]


def test_every_way_to_cut_a_stream_gives_the_same() -> None:
    chance = random.Random(1)
    secrets = [b"aab", b"aabaab", b"ba", b"abcabcabcabd", b"caabc"]
    pattern = re.compile(b"|".join(map(re.escape, maskable(secrets))))
    for _ in range(3000):
        text = bytes(chance.choices(b"abcd", k=chance.randrange(60)))
        cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randrange(12)))
        pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert _scrub(secrets, *pieces) == pattern.sub(b"***", text), (text, cuts)


def test_only_what_may_be_a_secret_is_held_back() -> None:
    scrubber = Scrubber([b"secret", b"secretary"])
    assert scrubber.feed(b"plain sec") == b"plain "
    assert scrubber.feed(b"ond ") == b"second "
    assert scrubber.feed(b"secret") == b""
    assert scrubber.feed(b"y") == b"***y"
    assert scrubber.feed(b"the end, se") == b"the end, "
    assert scrubber.finish() == b"se"


def test_a_long_secret_costs_little() -> None:
    secret = bytes(random.Random(2).choices(range(256), k=200_000))
    text = b"x" * 1000 + secret + b"y" * 1000
    pieces = [text[place : place + 1000] for place in range(0, len(text), 1000)]
    assert _scrub([secret], *pieces) == b"x" * 1000 + b"***" + b"y" * 1000
