"""Search the contents of files, as `rg --json --no-follow` does."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from stat import S_ISREG
from typing import TYPE_CHECKING

from engine.core.gitignore import IgnoreFile
from engine.core.matching_lines import Hit, matching_lines
from engine.core.paths import cleaned, is_local
from engine.core.tree import ALL, SearchQuery, SearchResult
from engine.errors import InvalidRequest, PathError
from engine.store.chase import find
from engine.store.path_errors import translated
from engine.store.reading import read_bytes
from engine.store.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.store.chase import Place


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that may be searched."""

    path: str
    real: str


def search(root: str, path: str, query: SearchQuery) -> list[SearchResult]:
    """Search a directory, or one file; results in the order of their paths. Binary files have no lines."""
    expression = _expression(query)
    with translated("search", path):
        found: list[SearchResult] = []
        for candidate in _candidates(find(root, path), query):
            found += _results(candidate, expression, query)
            if query.limit is not None and len(found) >= query.limit:
                return found[: query.limit]
    return found


def _expression(query: SearchQuery) -> re.Pattern[str]:
    text = re.escape(query.pattern) if query.literal else query.pattern
    if not query.multiline and ("\n" in query.pattern or (not query.literal and re.search(r"(?<!\\)(\\\\)*\\n", text))):
        raise InvalidRequest('the literal "\\n" is not allowed in a pattern; search with multiline')
    flags = re.MULTILINE
    if query.insensitive:
        flags |= re.IGNORECASE
    if query.multiline and query.dotall:
        flags |= re.DOTALL
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise InvalidRequest(f"regex parse error in {query.pattern!r}: {error}") from error


def _candidates(place: Place, query: SearchQuery) -> Iterator[_Candidate]:
    if not place.is_directory:
        yield _Candidate(posixpath.basename(place.inside), place.real)
        return
    if not query.paths:
        yield from _below(place, "", query)
    starts = (find(place.real, _relative(path)) for path in query.paths)
    for inside, start in sorted({start.inside.lstrip("/"): start for start in starts}.items()):
        if start.is_directory:
            yield from _below(start, f"{inside}/" if inside else "", query)
        else:
            yield _Candidate(inside, start.real)


def _relative(path: str) -> str:
    relative = cleaned(path.removeprefix("/"))
    if not is_local(relative):
        raise PathError(f"path cannot escape directory: {path}")
    return relative


def _below(top: Place, prefix: str, query: SearchQuery) -> Iterator[_Candidate]:
    names = _ignore_files(top) if query.skip_ignored else ()
    globs = _Globs(query)
    left_out: set[str] = set()
    for entry in Walk(top=top.real, selection=ALL, ignore_files=names):
        if entry.directory in left_out or not globs.take(prefix + entry.path, directory=entry.is_directory):
            if entry.is_directory:
                left_out.add(entry.path)
        elif S_ISREG(entry.status.st_mode):
            yield _Candidate(prefix + entry.path, entry.real)


def _ignore_files(top: Place) -> tuple[str, ...]:
    """Names of ignore files, the strongest last; git's own count only in a repository, as for ripgrep."""
    own = (".ignore", ".rgignore")
    return (".gitignore", *own) if find_git(top) else own


def find_git(top: Place) -> bool:
    """Whether the directory is the top of a git repository."""
    try:
        return find(top.real, ".git", follow=False).status is not None
    except PathError:
        return False


class _Globs:
    """ripgrep's `--glob`: the rules of .gitignore turned round, so that what they name is taken."""

    def __init__(self, query: SearchQuery) -> None:
        self._rules = IgnoreFile(query.globs)
        self._only_named = any(not glob.startswith("!") for glob in query.globs)
        self._skip_hidden = query.skip_hidden

    def take(self, path: str, *, directory: bool) -> bool:
        """Whether a file is searched, or a directory looked into; a glob that names a hidden path takes it."""
        verdict = self._rules.verdict(path, directory=directory)
        if verdict is not None:
            return verdict
        if self._skip_hidden and path.rpartition("/")[2].startswith("."):
            return False
        return directory or not self._only_named


def _results(candidate: _Candidate, expression: re.Pattern[str], query: SearchQuery) -> list[SearchResult]:
    data = read_bytes(candidate.real)
    if b"\0" in data:
        return []
    hits = matching_lines(data.decode("utf-8", "surrogateescape"), expression, multiline=query.multiline)
    if query.files_only:
        return [_file(candidate.path)] if any(True for _ in hits) else []
    return [_result(candidate.path, hit) for hit in hits]


def _file(path: str) -> SearchResult:
    return SearchResult(file_path=path, line_number=0, absolute_offset=0, matched_lines="", submatches=())


def _result(path: str, hit: Hit) -> SearchResult:
    return SearchResult(
        file_path=path,
        line_number=hit.line_number,
        absolute_offset=hit.offset,
        matched_lines=hit.text,
        submatches=hit.submatches,
    )
