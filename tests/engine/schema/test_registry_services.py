"""Registries that are services of the session."""

from __future__ import annotations

import dagger
import pytest

from tests.registries import PASSWORD, USERNAME, running_registry

pytestmark = pytest.mark.root

PROXY = """
import asyncio, sys
async def pipe(a, b):
    while data := await a.read(65536):
        b.write(data); await b.drain()
    b.close()
async def serve(r, w):
    rr, ww = await asyncio.open_connection("upstream", int(sys.argv[1]))
    await asyncio.gather(pipe(r, ww), pipe(rr, w))
async def main():
    async with await asyncio.start_server(serve, "0.0.0.0", 5000) as server:
        await server.serve_forever()
asyncio.run(main())
"""


@pytest.fixture(params=[False, True], ids=["open", "with a login"])
def registry(request, tmp_path):
    with running_registry(tmp_path / "registry", login=request.param) as running:
        yield running, request.param


async def test_images_go_to_a_service_and_come_back(dag, once, registry):
    running, login = registry
    port = int(running.host.rpartition(":")[2])
    upstream = dag.host().service(
        [dagger.PortForward(backend=port, protocol=dagger.NetworkProtocol.TCP)], host="127.0.0.1"
    )
    service = (
        once.with_new_file("/proxy.py", PROXY)
        .with_service_binding("upstream", upstream)
        .with_exposed_port(5000)
        .with_default_args(["python3", "/proxy.py", str(port)])
        .as_service()
    )
    address = f"{await service.hostname()}:5000/app:1"
    image = dag.container().with_new_file("/f", "x")
    if login:
        with pytest.raises(dagger.QueryError, match="refuses access"):
            await image.publish(address, registry_service=service)
        await image.with_registry_auth(address, USERNAME, dag.set_secret("password", PASSWORD)).sync()
    published = await image.publish(address, registry_service=service)
    assert published.startswith(f"{address}@sha256:")
    back = dag.container().from_(address, registry_service=service)
    assert await back.image_ref() == published
    assert await back.file("/f").contents() == "x"
    with pytest.raises(dagger.QueryError, match="is not the hostname of the service"):
        await dag.container().from_("elsewhere:5000/app:1", registry_service=service).sync()
