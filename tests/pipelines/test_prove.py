"""The proofs: the built image passes them all, and each broken one fails by the rule that is meant for it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import dagger
import pytest

from pipelines import images
from pipelines.build import write_archive
from pipelines.debian import BaseArchive, base_archive
from pipelines.proofs.run import Subject, prove_layers, prove_one, subject
from pipelines.recipes import PYTHON
from pipelines.settings import REPOSITORY, engine_environment, from_env
from tests.pipelines.mutations import MUTATIONS
from tests.pipelines.running import Run, pipelines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import TextIO

    from pipelines.proofs.layer_contents import LayerContents
    from pipelines.proofs.verdict import Proof

pytestmark = [pytest.mark.root, pytest.mark.network, pytest.mark.slow]

# More at once would make every server slower, and none of them sooner.
_AT_ONCE = 4


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    archive = tmp_path_factory.mktemp("dist") / "api.oci.tar"
    return archive, pipelines("prove", "--json", "--output", str(archive))


@pytest.fixture(scope="module")
def broken(proved: tuple[Path, Run], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Proof]:
    """Break the image in every way, in one session, and prove each by the proof that must notice."""
    settings = from_env(os.environ, project=None, output=str(proved[0]), engine=None, base=None)
    made = base_archive(PYTHON, settings.bases)
    changes = engine_environment(settings, os.environ)
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        return anyio.run(_break_all, proved[0], made, tmp_path_factory.mktemp("broken"))
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


async def _break_all(archive: Path, made: BaseArchive, folder: Path) -> dict[str, Proof]:
    proofs: dict[str, Proof] = {}
    images_of: dict[object, list[str]] = {}
    for name, mutation in MUTATIONS.items():
        images_of.setdefault(mutation.change, []).append(name)
    known: dict[str, LayerContents] = {}
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def run(names: list[str], whole: Subject) -> None:
        mutation = MUTATIONS[names[0]]
        async with limit:
            changed = replace(whole, image=mutation.change(whole.image), run=f"{whole.run}-{names[0]}")
            if mutation.proof == "layers":
                target = folder / f"{list(MUTATIONS).index(names[0])}.tar"
                await write_archive(changed.image, target)
                proof = await prove_layers(replace(changed, archive=target), known)
                target.unlink()
            else:
                proof = await prove_one(mutation.proof, changed)
        proofs.update(dict.fromkeys(names, proof))

    with (folder / "log").open("w") as log:
        await _with_engine(log, archive, made, known, run, list(images_of.values()))
    return proofs


async def _with_engine(
    log: TextIO,
    archive: Path,
    made: BaseArchive,
    known: dict[str, LayerContents],
    run: Callable[[list[str], Subject], Awaitable[None]],
    groups: list[list[str]],
) -> None:
    async with dagger.connection(dagger.Config(log_output=log)):
        whole = subject(archive, images.debian_base(made, PYTHON).container)
        # Read once, so that each broken image costs its own layers alone.
        await prove_layers(whole, known)
        async with anyio.create_task_group() as group:
            for names in groups:
                group.start_soon(run, names, whole)


def test_the_built_image_passes_every_proof_and_each_looked_at_something(proved: tuple[Path, Run]) -> None:
    archive, run = proved
    assert run.code == 0, f"{run.output[-4000:]}\n{run.errors[-2000:]}"
    found = json.loads(run.output)
    assert found["ok"] is True
    assert [proof["name"] for proof in found["proofs"]] == ["static", "permissions", "shutdown", "layers"]
    assert all(rule["checked"] > 0 for proof in found["proofs"] for rule in proof["rules"])
    counts = {proof["name"]: proof["checked"] for proof in found["proofs"]}
    assert counts["static"]["files fetched"] > 300
    assert counts["permissions"]["files"] > 5000
    assert counts["shutdown"]["requests in flight"] == 2
    assert counts["layers"]["paths"] > 10_000
    assert archive.exists()


@pytest.mark.parametrize("name", MUTATIONS)
def test_an_image_that_is_broken_on_purpose_fails_by_the_rule_meant_for_it(name: str, broken: dict[str, Proof]) -> None:
    mutation, proof = MUTATIONS[name], broken[name]
    assert not proof.ok
    caught = [said for rule in proof.rules if mutation.rule in rule.says for said in rule.broken]
    told = [f"{rule.says}: {rule.broken[:3]}" for rule in proof.rules if not rule.ok]
    assert any(mutation.said in said for said in caught), told


def test_a_project_that_brings_a_secret_is_not_proved_and_the_exit_code_says_so(project: Path, tmp_path: Path) -> None:
    (project / "deploy.sh").write_text("export DJANGO_SECRET_KEY=kf8sJd0a9sXmQ2bv7LpZ\n")
    run = pipelines("prove", "--project", str(project), "--output", str(tmp_path / "api.oci.tar"))
    assert run.code == 1, run.errors
    assert "  FAIL  no file holds a secret [" in run.output
    assert "app/deploy.sh: a secret in an assignment" in run.output
    assert "kf8sJd0a9sXmQ2bv7LpZ" not in run.output
    assert run.output.rstrip().endswith("3 proved, 1 failed")


def test_every_rule_of_every_proof_is_known_to_the_documentation(proved: tuple[Path, Run]) -> None:
    told = (REPOSITORY / "docs" / "proofs.md").read_text()
    rules = {
        rule["says"].partition(": ")[2] if proof["name"] == "permissions" else rule["says"]
        for proof in json.loads(proved[1].output)["proofs"]
        for rule in proof["rules"]
    }
    assert [rule for rule in sorted(rules) if rule not in told] == []
    assert [name for name in MUTATIONS if name not in told] == []
