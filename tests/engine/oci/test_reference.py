"""Addresses of images."""

from __future__ import annotations

import pytest

from engine.core.digest import Digest
from engine.errors import ImageError
from engine.oci.reference import parse_reference

_HEX = "0123456789abcdef" * 4
_DIGEST = f"sha256:{_HEX}"


@pytest.mark.parametrize(
    ("address", "canonical", "familiar"),
    [
        ("debian", "docker.io/library/debian", "debian"),
        ("debian:12-slim", "docker.io/library/debian:12-slim", "debian:12-slim"),
        ("docker.io/debian", "docker.io/library/debian", "debian"),
        ("index.docker.io/library/debian", "docker.io/library/debian", "debian"),
        ("someone/app", "docker.io/someone/app", "someone/app"),
        (f"debian@{_DIGEST}", f"docker.io/library/debian@{_DIGEST}", f"debian@{_DIGEST}"),
        (f"debian:12@{_DIGEST}", f"docker.io/library/debian:12@{_DIGEST}", f"debian:12@{_DIGEST}"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"),
        ("127.0.0.1:5000/a/b/c:1", "127.0.0.1:5000/a/b/c:1", "127.0.0.1:5000/a/b/c:1"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        ("ghcr.io/x/y", "ghcr.io/x/y", "ghcr.io/x/y"),
        ("Upper/app", "Upper/app", "Upper/app"),
        ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
        ("x/a__b-c---d.e", "docker.io/x/a__b-c---d.e", "x/a__b-c---d.e"),
    ],
)
def test_an_address_has_a_canonical_and_a_familiar_form(address: str, canonical: str, familiar: str) -> None:
    reference = parse_reference(address)
    assert (str(reference), reference.familiar) == (canonical, familiar)
    assert parse_reference(familiar) == reference


@pytest.mark.parametrize(
    "address",
    [
        "",
        "UPPER CASE/!!",
        "localhost:5000/UPPER:v1",
        "localhost:5000/app:-bad",
        "docker-image://localhost:5000/app:v1",
        "app:",
        "app@",
        "app@sha256:abc",
        "app/",
        "/app",
        "a//b",
        "-a/b",
        "app:" + "x" * 129,
        "_app",
        "app..x",
        "localhost:port/app",
        _HEX,
        "x/" + "a" * 256,
    ],
)
def test_what_is_no_address_is_named_in_the_error(address: str) -> None:
    with pytest.raises(ImageError) as error:
        parse_reference(address)
    assert str(error.value).startswith(f"failed to parse image address {address}: invalid reference format")


@pytest.mark.parametrize("digest", [f"sha256:{_HEX[1:]}", f"sha256:{_HEX.upper()}", f"md5:{_HEX}"])
def test_a_digest_of_the_wrong_shape_is_an_error(digest: str) -> None:
    with pytest.raises(ImageError, match=f"failed to parse image address app@{digest}: "):
        parse_reference(f"app@{digest}")


def test_latest_is_meant_where_nothing_is_said() -> None:
    assert parse_reference("app").tagged().tag == "latest"
    assert parse_reference("app:1").tagged().tag == "1"
    assert parse_reference(f"app@{_DIGEST}").tagged().tag is None


def test_a_published_reference_has_the_tag_only_if_the_address_had_it() -> None:
    assert str(parse_reference("app").with_digest(Digest(_DIGEST))) == f"docker.io/library/app@{_DIGEST}"
    assert str(parse_reference("localhost:1/a:v").with_digest(Digest(_DIGEST))) == f"localhost:1/a:v@{_DIGEST}"
