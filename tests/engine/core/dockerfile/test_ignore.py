"""What a .dockerignore file says."""

from __future__ import annotations

from engine.core.dockerfile.ignore import ignored


def test_lines_are_patterns():
    text = "\ufeff# comment\n\n  a/b \n/top\n!/kept\n! spaced\n**/*.pyc\n/\n #not a comment\n"
    assert ignored(text) == ("a/b", "top", "!kept", "!spaced", "**/*.pyc", "/", "#not a comment")
