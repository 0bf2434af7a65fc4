from __future__ import annotations

from typing import TYPE_CHECKING

from engine.network.names import Names, hosts_text

if TYPE_CHECKING:
    from pathlib import Path


def test_the_text_is_daggers() -> None:
    assert hosts_text("dagger", {"web": "10.87.0.2"}, {"abc": "10.87.0.3"}) == (
        "127.0.0.1 localhost dagger\n::1 localhost ip6-localhost ip6-loopback\n"
        "10.87.0.2 web\n10.87.0.3 abc abc.dagger.local\n"
    )
    assert hosts_text("localhost", {}, {}).startswith("127.0.0.1 localhost\n")


def test_names_come_and_go_in_files_that_are_in_use(tmp_path: Path) -> None:
    names = Names()
    names.publish("early", "10.87.0.2")
    early = ["10.87.0.9 alias", "10.87.0.2 early early.dagger.local"]
    with names.file(tmp_path / "hosts", "dagger", {"alias": "10.87.0.9"}), (tmp_path / "hosts").open() as bound:
        names.publish("late-and-long", "10.87.0.3")
        assert bound.read().splitlines()[2:] == [*early, "10.87.0.3 late-and-long late-and-long.dagger.local"]
        names.withdraw("late-and-long")
        names.withdraw("never-there")
        bound.seek(0)
        assert bound.read().splitlines()[2:] == early
    names.publish("after", "10.87.0.4")
    assert "after" not in (tmp_path / "hosts").read_text()


def test_a_name_published_again_moves(tmp_path: Path) -> None:
    names = Names()
    with names.file(tmp_path / "hosts", "dagger", {}):
        names.publish("db", "10.87.0.2")
        names.publish("db", "10.87.0.3")
        assert (tmp_path / "hosts").read_text().splitlines()[2:] == ["10.87.0.3 db db.dagger.local"]


def test_any_user_may_read_it(tmp_path: Path) -> None:
    with Names().file(tmp_path / "hosts", "dagger", {}):
        assert (tmp_path / "hosts").stat().st_mode & 0o777 == 0o644
