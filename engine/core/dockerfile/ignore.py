"""What a `.dockerignore` file leaves out of a build context, as patterns of moby/patternmatcher."""

from __future__ import annotations


def ignored(text: str) -> tuple[str, ...]:
    """Read the file: a pattern on each line, comments with `#`; a slash at the front means nothing."""
    patterns = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#"):
            continue
        pattern = line.strip()
        negated = "!" if pattern.startswith("!") else ""
        pattern = pattern.removeprefix("!").strip()
        if len(pattern) > 1:
            pattern = pattern.lstrip("/")
        if pattern:
            patterns.append(negated + pattern)
    return tuple(patterns)
