"""Fields of Stat, SearchResult and SearchSubmatch: facts about paths."""

from __future__ import annotations

from engine.schema.fields import Fields

stat = Fields("Stat")
stat.plain("fileType", "name", "permissions", "size")
result = Fields("SearchResult")
result.plain("absoluteOffset", "filePath", "lineNumber", "matchedLines", "submatches")
submatch = Fields("SearchSubmatch")
submatch.plain("end", "start", "text")
