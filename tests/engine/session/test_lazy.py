"""Objects of a session: their ids and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.digest import digest_of
from engine.errors import EngineError, InvalidRequest
from engine.session.lazy import Node, Nodes
from engine.solver.flights import Flights

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class _Work:
    def __init__(self) -> None:
        self.ran = 0
        self.error: Exception | None = None

    async def run(self) -> object:
        self.ran += 1
        await anyio.sleep(0.01)
        if self.error:
            raise self.error
        return f"value {self.ran}"


@pytest.fixture
async def nodes() -> AsyncIterator[Nodes]:
    async with anyio.create_task_group() as group:
        yield Nodes(Flights(group))
        group.cancel_scope.cancel()


def _node(work: _Work, recipe: str = "recipe", type_name: str = "File") -> Node:
    return Node(type_name=type_name, recipe=digest_of(recipe), compute=work.run)


def test_an_id_names_the_type_and_looks_like_no_number() -> None:
    assert _node(_Work()).id == f"File@{digest_of('recipe')}"


async def test_an_object_is_one_however_often_it_is_made(nodes: Nodes) -> None:
    one = nodes.intern(_node(_Work()))
    assert nodes.intern(_node(_Work())) is one
    assert nodes.load(one.id) is one
    assert nodes.load(one.id, "File") is one


async def test_an_id_of_another_type_is_refused(nodes: Nodes) -> None:
    node = nodes.intern(_node(_Work()))
    with pytest.raises(InvalidRequest, match=r"^load Container: expected Container, got File$"):
        nodes.load(node.id, "Container")


@pytest.mark.parametrize("text", ["", "1", "File@sha256:0", "nonsense"])
async def test_an_unknown_id_is_refused(nodes: Nodes, text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^invalid ID string: "):
        nodes.load(text)


async def test_a_value_is_found_once(nodes: Nodes) -> None:
    work = _Work()
    node = nodes.intern(_node(work))
    assert work.ran == 0
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(nodes.value, node)
    assert await nodes.value(node) == "value 1"


async def test_an_error_is_forgotten(nodes: Nodes) -> None:
    work = _Work()
    node = nodes.intern(_node(work))
    work.error = EngineError("no")
    with pytest.raises(EngineError, match="no"):
        await nodes.value(node)
    work.error = None
    assert await nodes.value(node) == "value 2"
