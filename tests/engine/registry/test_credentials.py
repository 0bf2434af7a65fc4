"""The auth file for one call."""

from __future__ import annotations

import base64
import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.core.login import Login
from engine.errors import ImageError
from engine.registry.credentials import auth_file

if TYPE_CHECKING:
    from pathlib import Path

_HOST = "registry.example.org"


def _auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


async def _written(folder: Path, config: object = None, *logins: Login, host: str = _HOST) -> dict[str, object]:
    path = folder / "config.json"
    if config is not None:
        path.write_text(config if isinstance(config, str) else json.dumps(config))
    async with auth_file(host, logins, path, folder) as auth:
        data: dict[str, object] = json.loads(auth.read_text())
    return data


def _helper(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "bin" / "docker-credential-fake"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nserver=$(cat)\necho "$1 $server" >>{folder}/asked\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


async def test_the_file_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    login = Login(host=_HOST, username="me", password="pw")
    async with auth_file(_HOST, [login], None, tmp_path) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_a_login_wins_over_dockers_configuration_and_the_last_wins(tmp_path: Path) -> None:
    config = {"auths": {_HOST: _auth("docker", "x")}}
    logins = [Login(host=_HOST, username="first", password="1"), Login(host=_HOST, username="last", password="2")]
    assert await _written(tmp_path, config, *logins) == {"auths": {_HOST: _auth("last", "2")}}


async def test_credentials_for_other_registries_are_not_written(tmp_path: Path) -> None:
    config = {"auths": {"other.example.org": _auth("docker", "x")}}
    login = Login(host="ghcr.io", username="me", password="pw")
    assert await _written(tmp_path, config, login) == {"auths": {}}


@pytest.mark.parametrize("key", [_HOST, f"https://{_HOST}", f"https://{_HOST}/v1/"])
async def test_dockers_configuration_counts_however_it_spells_the_host(tmp_path: Path, key: str) -> None:
    assert await _written(tmp_path, {"auths": {key: _auth("docker", "x")}}) == {"auths": {_HOST: _auth("docker", "x")}}


async def test_the_hub_is_found_under_its_old_name(tmp_path: Path) -> None:
    config = {"auths": {"https://index.docker.io/v1/": _auth("docker", "x")}}
    assert await _written(tmp_path, config, host="docker.io") == {"auths": {"docker.io": _auth("docker", "x")}}


@pytest.mark.parametrize("config", [{"credsStore": "fake"}, {"credHelpers": {_HOST: "fake"}, "credsStore": "other"}])
async def test_a_credential_helper_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, object]
) -> None:
    _helper(tmp_path, monkeypatch, """echo '{"ServerURL":"x","Username":"me","Secret":"from helper"}'""")
    assert await _written(tmp_path, config) == {"auths": {_HOST: _auth("me", "from helper")}}
    assert (tmp_path / "asked").read_text() == f"get {_HOST}\n"


async def test_a_helper_knows_the_hub_by_its_old_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _helper(tmp_path, monkeypatch, """echo '{"Username":"me","Secret":"pw"}'""")
    await _written(tmp_path, {"credsStore": "fake"}, host="docker.io")
    assert (tmp_path / "asked").read_text() == "get https://index.docker.io/v1/\n"


async def test_a_token_of_a_helper_is_passed_on_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _helper(tmp_path, monkeypatch, """echo '{"Username":"<token>","Secret":"refresh"}'""")
    written = await _written(tmp_path, {"credsStore": "fake"})
    assert written["auths"][_HOST]["identitytoken"] == "refresh"


async def test_a_helper_that_has_nothing_leaves_it_to_the_stored_logins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _helper(tmp_path, monkeypatch, "echo 'credentials not found in native keychain'; exit 1")
    config = {"credsStore": "fake", "auths": {_HOST: _auth("docker", "x")}}
    assert await _written(tmp_path, config) == {"auths": {_HOST: _auth("docker", "x")}}


async def test_a_login_that_only_docker_desktop_fills_is_none(tmp_path: Path) -> None:
    assert await _written(tmp_path, {"auths": {_HOST: {}}}) == {"auths": {}}


@pytest.mark.parametrize("config", [None, {}, "[]", {"auths": None, "credHelpers": []}])
async def test_no_configuration_is_anonymous(tmp_path: Path, config: object) -> None:
    assert await _written(tmp_path, config) == {"auths": {}}


async def test_a_broken_configuration_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"config\.json cannot be read"):
        await _written(tmp_path, "{")


async def test_a_helper_that_is_missing_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="credential helper nowhere-to-be-found"):
        await _written(tmp_path, {"credsStore": "nowhere-to-be-found"})


async def test_a_helper_that_talks_nonsense_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _helper(tmp_path, monkeypatch, "echo nonsense")
    with pytest.raises(ImageError, match="docker-credential-fake gave an answer"):
        await _written(tmp_path, {"credsStore": "fake"})
