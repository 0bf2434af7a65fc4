"""Every module has its tests where one looks for them, and nothing grows beyond what one can read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent
MODULES = sorted(path.relative_to(ROOT) for name in ("engine", "pipelines") for path in (ROOT / name).rglob("*.py"))
FILE_LINES, FUNCTION_LINES = 400, 50

WITHOUT_TWIN = {
    "engine/core/address.py": "a value without behaviour",
    "engine/core/changeset.py": "a value without behaviour",
    "engine/core/error.py": "a value without behaviour",
    "engine/core/dockerfile/commands.py": "values without behaviour",
    "engine/core/dockerfile/error.py": "an error; the tests of those who raise it read its message",
    "engine/core/process.py": "a value without behaviour",
    "engine/core/secret.py": "a value without behaviour",
    "engine/core/socket.py": "a value without behaviour",
    "engine/core/tree.py": "values without behaviour",
    "engine/errors.py": "errors without behaviour but their messages, which the tests of those who raise them read",
    "engine/session/session.py": "a value without behaviour",
    "engine/settings.py": "a value without behaviour",
    "engine/solver/container_ports.py": "Protocols; tests/contracts has a suite for each that has a fake",
    "engine/solver/ports.py": "Protocols; tests/contracts has a suite for each that has a fake",
    "engine/version.py": "a constant",
    "engine/wiring.py": "names the edges; every test of a session goes through it",
    "pipelines/check.py": "`make check` runs it on every change; that it finds faults is not tested yet",
    "pipelines/errors.py": "errors without behaviour",
    "pipelines/outcome.py": "a value without behaviour",
}
TESTED_ELSEWHERE = {
    # A verb is tested as it is typed.
    "engine/commands/cache.py": "engine/test_cli.py",
    "engine/commands/doctor.py": "engine/test_doctor.py",
    "engine/commands/faults.py": "engine/commands/test_run.py",
    "engine/commands/flags.py": "engine/test_cli.py",
    "engine/commands/invocation.py": "engine/test_cli.py",
    "engine/commands/lifetime.py": "engine/commands/test_session.py",
    "engine/commands/listen.py": "engine/commands/test_query.py",
    "engine/commands/own_session.py": "engine/commands/test_query.py",
    "engine/commands/prune.py": "engine/test_cli.py",
    "engine/commands/supported_api.py": "engine/test_cli.py",
    "engine/commands/version.py": "engine/test_cli.py",
    # The server is tested by requests.
    "engine/server/authorization.py": "engine/server/test_http.py",
    "engine/server/connection.py": "engine/server/test_http.py",
    "engine/server/document.py": "engine/server/test_graphql.py",
    "engine/server/execution.py": "engine/server/test_graphql.py",
    "engine/server/introspection.py": "engine/server/test_graphql.py",
    "engine/server/response.py": "engine/server/test_graphql.py",
    "engine/server/rules.py": "engine/server/test_graphql.py",
    # Repositories, URLs and images of the host are tested through the API, with real ones.
    "engine/registry/docker.py": "engine/schema/test_local_images.py",
    "engine/schema/dockerfile/build.py": "engine/schema/test_docker_build.py",
    "engine/schema/dockerfile/copying.py": "engine/schema/test_docker_build.py",
    "engine/schema/dockerfile/running.py": "engine/schema/test_docker_build.py",
    "engine/schema/dockerfile/workdir.py": "engine/schema/test_docker_build.py",
    "engine/solver/git_ops.py": "engine/schema/test_git.py",
    "engine/solver/http_ops.py": "engine/schema/test_http.py",
    "engine/solver/local_images.py": "engine/schema/test_local_images.py",
    "engine/vcs/adoption.py": "engine/schema/test_git.py",
    "engine/vcs/checkout.py": "engine/schema/test_git.py",
    "engine/vcs/git.py": "engine/schema/test_git.py",
    # What a pipeline is made of is tested by the image that it gives.
    "pipelines/collect.py": "pipelines/test_build.py",
    "pipelines/database.py": "pipelines/test_smoke.py",
    "pipelines/images.py": "pipelines/test_build.py",
    "pipelines/probe.py": "pipelines/test_smoke.py",
    "pipelines/proofs/layer_contents.py": "pipelines/test_prove.py",
    "pipelines/proofs/layers.py": "pipelines/test_prove.py",
    "pipelines/proofs/permissions_probe.py": "pipelines/test_prove.py",
    "pipelines/proofs/run.py": "pipelines/test_prove.py",
    "pipelines/proofs/shutdown_probe.py": "pipelines/test_prove.py",
    "pipelines/proofs/static_probe.py": "pipelines/test_prove.py",
    "pipelines/recipes.py": "pipelines/test_debian.py",
    "pipelines/run.py": "pipelines/test_cli.py",
    "pipelines/sources.py": "pipelines/test_build.py",
    "pipelines/toolchain.py": "pipelines/test_build.py",
}
"""Modules whose tests are in another file, with its path below tests/."""


def _twin(module: Path) -> Path:
    return HERE / module.with_name(f"test_{module.name}")


def _named(module: Path) -> bool:
    return module.name not in ("__init__.py", "__main__.py")


@pytest.mark.parametrize("module", [str(module) for module in MODULES if _named(module)])
def test_a_module_has_its_tests(module: str) -> None:
    if module in WITHOUT_TWIN:
        assert not _twin(Path(module)).exists(), f"{module} has tests now: take it off the list"
    elif module in TESTED_ELSEWHERE:
        assert (HERE / TESTED_ELSEWHERE[module]).is_file()
    else:
        assert _twin(Path(module)).is_file(), f"{module} has no {_twin(Path(module)).relative_to(ROOT)}"


@pytest.mark.parametrize("module", [*WITHOUT_TWIN, *TESTED_ELSEWHERE])
def test_the_lists_name_what_is_there(module: str) -> None:
    assert (ROOT / module).is_file()


@pytest.mark.parametrize("module", [str(module) for module in MODULES])
def test_a_file_can_be_read_in_one_go(module: str) -> None:
    lines = len((ROOT / module).read_text(encoding="utf-8").splitlines())
    assert lines <= FILE_LINES, f"{module} has {lines} lines"


@pytest.mark.parametrize("module", [str(module) for module in MODULES])
def test_a_function_fits_on_a_screen(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name: length for node in functions if (length := _length(node)) > FUNCTION_LINES}
    assert not long


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators."""
    assert node.end_lineno
    return node.end_lineno - node.lineno + 1
