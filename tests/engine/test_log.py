"""Progress and log on stderr."""

from __future__ import annotations

import io
import logging
import os
from contextlib import suppress

import pytest

from engine.errors import InvalidRequest
from engine.log import Lines, PlainProgress, Verbosity, set_up_logging


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines_of(verbosity: Verbosity, *happenings: str) -> list[str]:
    stream, clock = io.StringIO(), Clock()
    step = PlainProgress(Lines(stream), verbosity, clock=clock).started("exec sh -c true")
    clock.now = 0.31
    for happening in happenings:
        match happening:
            case "out":
                step.output("stdout", b"one\ntw")
                step.output("stderr", b"err\n")
                step.output("stdout", b"o\nrest")
            case "done" | "cached":
                getattr(step, happening)()
            case "failed":
                step.failed(InvalidRequest("no\nway"))
            case "cancelled":
                step.failed(KeyboardInterrupt())
    return stream.getvalue().splitlines()


def test_a_step_tells_beginning_output_and_end():
    assert lines_of(Verbosity.NORMAL, "out", "done") == [
        "1   : exec sh -c true",
        "1   : [0.3s] | one",
        "1   : [0.3s] | err",
        "1   : [0.3s] | two",
        "1   : [0.3s] | rest",
        "1   : exec sh -c true DONE [0.3s]",
    ]


def test_a_known_step_is_marked():
    assert lines_of(Verbosity.NORMAL, "cached")[-1] == "1   : exec sh -c true CACHED [0.3s]"


def test_a_failed_step_tells_why():
    assert lines_of(Verbosity.NORMAL, "failed")[1:] == [
        "1   : exec sh -c true ERROR [0.3s]",
        "1   : ! no",
        "1   : ! way",
    ]


def test_a_cancelled_step_is_no_failure():
    assert lines_of(Verbosity.NORMAL, "cancelled")[1:] == ["1   : exec sh -c true CANCELED [0.3s]"]


@pytest.mark.parametrize("verbosity", [Verbosity.QUIET, Verbosity.SILENT])
def test_quiet_tells_only_failures_and_silent_nothing(verbosity):
    assert lines_of(verbosity, "out", "done") == []
    assert lines_of(verbosity, "cancelled") == []
    assert bool(lines_of(verbosity, "failed")) == (verbosity == Verbosity.QUIET)


def test_steps_are_numbered():
    stream = io.StringIO()
    progress = PlainProgress(Lines(stream), Verbosity.NORMAL)
    progress.started("a")
    progress.started("b")
    assert stream.getvalue() == "1   : a\n2   : b\n"


def test_a_description_is_one_line_and_short_unless_verbose():
    long = "exec sh -c " + "x" * 500 + "\nsecond"
    for verbosity, whole in [(Verbosity.NORMAL, False), (Verbosity.VERBOSE, True)]:
        stream = io.StringIO()
        PlainProgress(Lines(stream), verbosity).started(long)
        assert stream.getvalue().count("\n") == 1
        assert stream.getvalue().endswith("\\nsecond\n") == whole


def test_of_a_line_that_overwrites_itself_the_end_is_shown():
    stream = io.StringIO()
    step = PlainProgress(Lines(stream), Verbosity.NORMAL).started("a")
    step.output("stdout", b"10%\r50%\r100%\r\n\xff\n")
    assert [line.partition("| ")[2] for line in stream.getvalue().splitlines()[1:]] == ["100%", "\ufffd"]


def test_a_reader_that_is_gone_fails_nothing():
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    lines = Lines(stream)
    step = PlainProgress(lines, Verbosity.NORMAL).started("a")
    step.output("stdout", b"x\n")
    step.done()
    with suppress(BrokenPipeError):  # of what the stream itself still holds
        stream.close()
    Lines(stream).write("after it was closed")
    Lines(None).write("without any stderr")


def test_the_log_is_the_engines_alone_and_of_the_asked_level():
    stream = io.StringIO()
    logger = logging.getLogger("engine")
    before = logger.handlers, logger.propagate, logger.level
    try:
        set_up_logging(Lines(stream), Verbosity.NORMAL)
        logging.getLogger("engine.part").warning("careful")
        logging.getLogger("engine.part").info("by the way")
        logging.getLogger("other").warning("not ours")
    finally:
        logger.handlers, logger.propagate, logger.level = before
    assert stream.getvalue() == "WARNING engine.part: careful\n"
