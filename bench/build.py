"""Measure a build of the API's image: with an empty store, with nothing changed, after an edit of a view, of a style.

    python -m bench.build [RUNS]

Needs root, and the network for the first run. The store is a new one in a temporary folder; the base of Debian packages
is the user's own, and is made first where it is missing. The project is a copy, so its edits harm nobody.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.timing import report, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.timing import Took

_REPOSITORY = Path(__file__).resolve().parent.parent
_STYLE = "patients/static/patients/style.css"
_VIEW = "patients/api/views.py"


def main() -> int:
    """Measure and print."""
    runs = int(sys.argv[1]) if sys.argv[1:] else 5
    with tempfile.TemporaryDirectory(prefix="bench-build-") as name:
        folder = Path(name)
        project = folder / "project"
        shutil.copytree(_REPOSITORY / "apps" / "api", project, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
        (project / _STYLE).parent.mkdir(parents=True)
        (project / _STYLE).touch()

        def build(store: str = "store") -> Took:
            command = [sys.executable, "-O", "-m", "pipelines", "build", "--project", str(project)]
            environ = {"DJANGO_IMAGE_STATE": str(folder / store)}
            return timed([*command, "--output", str(folder / "api.oci.tar")], environ=environ, folder=_REPOSITORY)

        build("first")  # makes the base, and compiles what Python keeps compiled
        shutil.rmtree(folder / "first")
        report("empty store", [build()])
        build()
        report("nothing changed", [build() for _ in range(runs)])
        report("a line of a view", [_edited(project / _VIEW, "# line {}", number, build) for number in range(runs)])
        report("a style sheet", [_edited(project / _STYLE, ".a{} {{}}", number, build) for number in range(runs)])
    return 0


def _edited(path: Path, line: str, number: int, build: Callable[[], Took]) -> Took:
    with path.open("a") as file:
        file.write(f"{line.format(number)}\n")
    return build()


if __name__ == "__main__":
    raise SystemExit(main())
