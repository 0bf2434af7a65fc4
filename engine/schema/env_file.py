"""Fields of EnvFile, EnvVariable and Label: names and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.directory import Directory
from engine.core.file import File
from engine.core.tree import Source, WriteFile
from engine.schema.directory import changed
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from engine.core.env_file import EnvFile
    from engine.session.session import Session

fields = Fields("EnvFile")
env_variable = Fields("EnvVariable")
env_variable.plain("name", "value")
label = Fields("Label")
label.plain("name", "value")


@dataclass(frozen=True, slots=True)
class Named:
    """A name and its value."""

    name: str
    value: str


@fields.leaf("variables")
def variables(_session: Session, receiver: EnvFile, *, raw: bool | None = None) -> list[Named]:
    pairs = receiver.raw if raw else receiver.variables().items()
    return [Named(name, value) for name, value in pairs]


@fields.leaf("get")
def get(_session: Session, receiver: EnvFile, *, name: str, raw: bool | None = None) -> str:
    return receiver.get(name, raw=bool(raw))


@fields.leaf("exists")
def exists(_session: Session, receiver: EnvFile, *, name: str) -> bool:
    return name in dict(receiver.raw)


@fields.lazy("withVariable")
def with_variable(_session: Session, receiver: EnvFile, *, name: str, value: str) -> EnvFile:
    return receiver.with_variable(name, value)


@fields.lazy("withoutVariable")
def without_variable(_session: Session, receiver: EnvFile, *, name: str) -> EnvFile:
    return receiver.without_variable(name)


@fields.lazy("namespace")
def namespace(_session: Session, receiver: EnvFile, *, prefix: str) -> EnvFile:
    return receiver.namespace(prefix)


@fields.eager("asFile")
async def as_file(session: Session, receiver: EnvFile) -> File:
    change = WriteFile(path="/.env", contents=receiver.text().encode())
    made = await changed(session, Directory(), change, "envFile")
    return File(source=Source(snapshot=made.source.snapshot, path="/.env"), name=".env")
