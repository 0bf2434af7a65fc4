"""Secrets: where they come from, what identifies them, what errors say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.digest import digest_of
from engine.core.secret import Secret
from engine.errors import EngineError, InvalidRequest
from engine.session.secrets import Secrets

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environ() -> dict[str, str]:
    return {"TOKEN": "of the host", "BYTES": "a\udcff", "PATH": "/usr/bin:/bin"}


@pytest.fixture
def secrets(tmp_path: Path, environ: dict[str, str]) -> Secrets:
    return Secrets(environ=environ, workdir=tmp_path, salt=b"salt")


async def test_a_set_secret_counts_by_its_name(secrets: Secrets) -> None:
    one, again, other = secrets.set("n", "1"), secrets.set("n", "2"), secrets.set("m", "1")
    assert one.identity == again.identity != other.identity
    assert [await secrets.plaintext(secret) for secret in (one, again, other)] == [b"1", b"2", b"1"]


async def test_a_plaintext_is_in_no_value(secrets: Secrets) -> None:
    secret = secrets.set("n", "the plaintext")
    assert "the plaintext" not in repr(secret) + repr(secrets)
    assert isinstance(secret, Secret)


@pytest.mark.parametrize(
    ("uri", "plaintext"),
    [
        ("env://TOKEN", b"of the host"),
        ("env://BYTES", b"a\xff"),
        ("file://s.txt", b"of a file\n"),
        ("file://./s.txt", b"of a file\n"),
        ("cmd://echo hi", b"hi\n"),
        ('cmd://cat s.txt | tr a-z A-Z; printf %s "$TOKEN"', b"OF A FILE\nof the host"),
    ],
)
async def test_a_secret_comes_from_where_its_address_says(
    secrets: Secrets, tmp_path: Path, uri: str, plaintext: bytes
) -> None:
    (tmp_path / "s.txt").write_bytes(b"of a file\n")
    secret = await secrets.open(uri, None)
    assert (secret.uri, secret.name) == (uri, "")
    assert await secrets.plaintext(secret) == plaintext


async def test_a_command_never_reads_what_the_session_is_told(secrets: Secrets) -> None:
    read, write = os.pipe()
    stdin = os.dup(0)
    os.dup2(read, 0)
    try:
        with anyio.fail_after(10):
            assert await secrets.plaintext(Secret(uri="cmd://cat", identity=digest_of("x"), handle="h")) == b""
    finally:
        os.close(write)
        os.dup2(stdin, 0)
        for descriptor in (read, stdin):
            os.close(descriptor)


async def test_a_file_may_be_named_from_the_root(secrets: Secrets, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("x")
    assert await secrets.plaintext(await secrets.open(f"file://{tmp_path}/s", None)) == b"x"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("x", r'^parse "x": malformed id'),
        ("env:TOKEN", r'^parse "env:TOKEN": malformed id'),
        ("foo://x", r'^unsupported secret provider: "foo"'),
        ("://x", r'^unsupported secret provider: ""'),
    ],
)
async def test_a_wrong_address_is_refused_at_once(secrets: Secrets, uri: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        await secrets.open(uri, None)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("env://NOPE", r'^secret env var not found: "NOP\.\.\."$'),
        ("env://NOP", r'^secret env var not found: "NOP"$'),
        ("file://nope", r'^failed to read secret file "nope": No such file or directory$'),
        ("cmd://exit 7", r'^failed to run secret command "exit 7": exit status 7$'),
    ],
)
async def test_what_can_not_be_read_fails_at_use(secrets: Secrets, uri: str, message: str) -> None:
    secret = await secrets.open(uri, None)
    with pytest.raises(EngineError, match=message):
        await secrets.plaintext(secret)


async def test_a_secret_by_address_counts_by_its_plaintext(secrets: Secrets, environ: dict[str, str]) -> None:
    one, same = [await secrets.open("env://TOKEN", None) for _ in range(2)]
    environ["TOKEN"] = "another"
    other = await secrets.open("env://TOKEN", None)
    assert one.identity == same.identity != other.identity
    assert await secrets.plaintext(one) == b"another"


async def test_a_given_key_counts_in_its_place(secrets: Secrets, environ: dict[str, str]) -> None:
    one = await secrets.open("env://TOKEN", "k")
    environ["TOKEN"] = "another"
    assert (await secrets.open("env://TOKEN", "k")).identity == one.identity
    assert (await secrets.open("env://TOKEN", "l")).identity != one.identity


async def test_another_store_makes_another_identity(secrets: Secrets, tmp_path: Path, environ: dict[str, str]) -> None:
    elsewhere = Secrets(environ=environ, workdir=tmp_path, salt=b"another salt")
    uri = "env://TOKEN"
    assert (await elsewhere.open(uri, None)).identity != (await secrets.open(uri, None)).identity


async def test_what_can_not_be_read_is_never_taken_for_the_same(secrets: Secrets) -> None:
    one, other = [await secrets.open("env://NOPE", None) for _ in range(2)]
    assert one.identity != other.identity
