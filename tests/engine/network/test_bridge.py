from __future__ import annotations

from pathlib import Path

from engine.network.bridge import bridge_batch, container_batch, extra_address_batch, plug_batch, way_out_rules


def test_batches_are_lines_of_ip() -> None:
    batches = (bridge_batch(), plug_batch("veth3", Path("/n")), container_batch("10.87.0.9"))
    for line in "".join(batches).splitlines():
        assert line.split()[0] in {"link", "addr", "route"}
    assert "peer name eth0 mtu 65520 netns /n" in plug_batch("veth3", Path("/n"))
    assert "addr add 10.87.0.9/16 dev eth0" in container_batch("10.87.0.9")
    assert extra_address_batch("del", "10.87.0.5") == "addr del 10.87.0.5/32 dev dagger0\n"


def test_the_world_may_not_begin_a_conversation() -> None:
    assert 'iifname "tap0" ct state new drop' in way_out_rules()
    assert 'oifname "tap0" masquerade' in way_out_rules()
