"""What Dagger's own tests and source say beyond the recorded cases, asked of the embedded engine.

Each case names its evidence; the answers were not recorded from Dagger but checked against that evidence. One
session runs them all, as for the recorded cases.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.registries import running_registry

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
EXPECTED: Mapping[str, object] = json.loads((HERE / "more_expected.json").read_text(encoding="utf-8"))
SECONDS = 600

pytestmark = [pytest.mark.root, pytest.mark.slow]


@pytest.fixture(scope="module")
def answers(base_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, object]:
    """Run all the further cases in one session of an engine with a new store."""
    folder = tmp_path_factory.mktemp("more")
    environ = os.environ | {"DJANGO_IMAGE_STATE": str(folder / "state")}
    with running_registry(folder / "registry") as registry:
        runner = [sys.executable, str(HERE / "run.py"), "--cases", str(HERE / "more"), "--base", str(base_archive)]
        record = ["--registry", registry.host, "--record", str(folder / "answers.json")]
        done = subprocess.run(
            [sys.executable, "-m", "engine", "run", "-q", "--", *runner, *record],
            env=environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    answers: Mapping[str, object] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return answers


def test_every_further_case_was_answered(answers: Mapping[str, object]) -> None:
    assert answers.keys() == EXPECTED.keys()


@pytest.mark.parametrize("case", sorted(EXPECTED))
def test_further_case_is_answered_as_dagger_would(case: str, answers: Mapping[str, object]) -> None:
    assert answers[case] == EXPECTED[case]
