"""Fields of GitRepository, GitRef, Module and ModuleSource: declared, and not answered."""

from __future__ import annotations

from engine.schema.fields import Fields

query = Fields("Query")
directory = Fields("Directory")
repository = Fields("GitRepository")
ref = Fields("GitRef")

_NO_GIT = "it has no git client"
query.not_supported("git", _NO_GIT)
query.not_supported("http", "it fetches nothing itself; use a step with a pinned digest")
directory.not_supported("asGit", _NO_GIT)
for name in ("branch", "branches", "commit", "head", "latestVersion", "ref", "tag", "tags", "uncommitted", "url"):
    repository.not_supported(name, _NO_GIT)
for name in ("commit", "commonAncestor", "ref", "tree"):
    ref.not_supported(name, _NO_GIT)
