"""The port that the solver sees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.core.tree import Owner
from engine.store.tree import FileTrees

if TYPE_CHECKING:
    from engine.solver.ports import Trees


def test_the_class_is_the_solvers_port() -> None:
    trees: Trees = FileTrees()
    assert repr(trees) == f"FileTrees(caller={Owner(uid=os.geteuid(), gid=os.getegid())})"
