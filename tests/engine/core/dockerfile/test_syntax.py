"""How a Dockerfile is cut."""

from __future__ import annotations

import pytest

from engine.core.dockerfile.error import DockerfileError
from engine.core.dockerfile.syntax import instructions, single


def cut(text):
    return [(one.line, one.keyword, one.rest) for one in instructions(text)]


def test_each_instruction_knows_its_line():
    assert cut("\n# x\nfrom a\n\n  Run b\n") == [(3, "FROM", "a"), (5, "RUN", "b")]


def test_lines_go_on_after_an_escape():
    assert cut("RUN a \\\n  b\\  \n\n# no\n   # neither\n c\nRUN d\n") == [(1, "RUN", "a   b c"), (7, "RUN", "d")]


def test_two_escapes_are_a_character():
    assert cut("RUN a \\\\\nRUN b") == [(1, "RUN", "a \\\\"), (2, "RUN", "b")]


def test_line_ends_of_other_systems_are_line_ends():
    assert cut("\ufeffFROM a\r\nRUN b \\\r\n c\r\n") == [(1, "FROM", "a"), (2, "RUN", "b  c")]


def test_the_escape_character_may_be_chosen_at_the_top():
    assert cut("# escape=`\nRUN a `\n b\\\nRUN c") == [(2, "RUN", "a  b\\"), (4, "RUN", "c")]
    assert cut("# syntax=x\n#escape = `\nRUN a `\nb")[0][2] == "a b"
    assert cut("# comment\n# escape=`\nRUN a `\nRUN b") == [(3, "RUN", "a `"), (4, "RUN", "b")]
    for text in ("# escape=x\n", "# escape=`\n# escape=`\n"):
        with pytest.raises(DockerfileError):
            cut(text)


def test_flags_come_before_the_rest():
    (one,) = instructions("COPY --from=a --chown='b c' --link -- --x y\n")
    assert one.flags == (("from", "a"), ("chown", "b c"), ("link", None))
    assert one.rest == "--x y"


def test_here_documents_follow_in_order():
    (one, two) = instructions("RUN a <<ONE b <<-'TWO'\n1 $A\nONE\n\t2\n\tTWO\nRUN next\n")
    assert [(d.name, d.contents, d.expand) for d in one.heredocs] == [("ONE", "1 $A\n", True), ("TWO", "2\n", False)]
    assert one.following == "1 $A\nONE\n\t2\n\tTWO\n"
    assert (two.line, two.rest) == (6, "next")


@pytest.mark.parametrize(
    "rest", ["echo $((1<<2))", "cat <<< x", '["sh", "-c", "cat <<EOF"]', "echo '<<EOF'", r"echo \<<EOF"]
)
def test_what_only_looks_like_a_here_document_is_none(rest):
    (one,) = instructions(f"RUN {rest}\n")
    assert one.heredocs == ()


def test_only_some_instructions_have_here_documents():
    assert [one.keyword for one in instructions("ENV A=<<EOF\nRUN x\n")] == ["ENV", "RUN"]


def test_a_here_document_that_does_not_end_is_an_error():
    with pytest.raises(DockerfileError, match="line 2: unterminated heredoc"):
        cut("FROM x\nRUN <<EOF\nEOF2\n")


def test_an_instruction_can_stand_alone():
    one = single("RUN --mount=type=tmpfs,target=/x y", 7, "\\")
    assert (one.line, one.flags, one.rest) == (7, (("mount", "type=tmpfs,target=/x"),), "y")
