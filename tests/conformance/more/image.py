"""Images and configurations: further answers, each with the place in Dagger's repository that asserts it."""

import io
import json
import os
import tarfile

import dagger
from dagger import NetworkProtocol, Platform, dag


async def _outcome(awaitable):
    try:
        return await awaitable
    except dagger.ExecError:
        return "ExecError"
    except dagger.QueryError:
        return "QueryError"


async def _message(awaitable, text):
    try:
        return await awaitable
    except dagger.QueryError as error:
        return text in str(error) or str(error)


class _Image:
    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.members = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
            self.modes = {m.name.rstrip("/"): m.mode for m in tar}
        self.index = json.loads(self.members["index.json"])

    def load(self, digest):
        return json.loads(self.members["blobs/" + digest.replace(":", "/")])


async def _image(t, container, **options):
    await container.as_tarball(**options).export(str(t.workdir / "image.tar"))
    return _Image(t.workdir / "image.tar")


def _tiny(text="x", **options):
    return dag.container(**options).with_new_file("/f", text)


# container_test.go TestAnnotations: "multi-platform"
async def annotations_of_variants(t):
    variants = [_tiny(p, platform=Platform(p)).with_annotation("version", p) for p in ("linux/amd64", "linux/arm64")]
    image = await _image(t, dag.container(), platform_variants=variants)
    nested = image.load(image.index["manifests"][0]["digest"])
    return [
        [m["annotations"] for m in nested["manifests"]], [image.load(m["digest"])["annotations"] for m in nested["manifests"]],
        "manifest.json" in image.members, len(image.index["manifests"]), nested.get("annotations"),
    ]


# core/container.go WithAnnotation, WithoutAnnotation: the later of two counts, the first one goes
async def annotations_set_twice(t):
    c = _tiny().with_annotation("a", "1").with_annotation("a", "2")
    images = [await _image(t, x) for x in (c, c.without_annotation("a"), c.without_annotation("a").without_annotation("a"))]
    return [i.load(i.index["manifests"][0]["digest"]).get("annotations") for i in images]


# container_test.go TestExport: modes, return values, what is in the archive
async def exports(t):
    c = _tiny().with_entrypoint(["sh", "-c", "im-a-entrypoint"])
    one, two = t.workdir / "foo" / "one.tar", t.workdir / "two.tar"
    told = [await c.export(str(one)) == str(one), await c.as_tarball().export(str(two)) == str(two)]
    image = _Image(one)
    docker = json.loads(image.members["manifest.json"])
    return [
        told, [oct(p.stat().st_mode & 0o777) for p in (one, two)], sorted(n for n in image.members if "blobs" not in n),
        len(docker), docker[0]["RepoTags"], json.loads(image.members[docker[0]["Config"]])["config"]["Entrypoint"],
        await _message(c.export(str(t.workdir)), "is a directory"), sorted(os.listdir(t.workdir)),
    ]


# container_test.go TestEnvExpand: "expanded in Export"
async def export_expands(t):
    c = _tiny().with_env_variable("foo", "bar")
    await c.export(f"{t.workdir}/${{foo}}.tar", expand=True)
    await c.export(f"{t.workdir}/${{foo}}.tar")
    return sorted(os.listdir(t.workdir))


# container_test.go TestImport: "Docker"; TestImageLoadCompatibility: every form can be read back
async def every_form_can_be_imported(t):
    c = _tiny(t.unique).with_env_variable("FOO", "bar")
    answers = []
    for media in (dagger.ImageMediaTypes.OCIMediaTypes, dagger.ImageMediaTypes.DockerMediaTypes):
        for compression in ("Gzip", "Zstd", "Uncompressed"):
            back = dag.container().import_(c.as_tarball(media_types=media, forced_compression=dagger.ImageLayerCompression(compression)))
            answers.append([await back.env_variable("FOO"), await back.file("/f").contents() == t.unique])
    return answers


# container_test.go TestMultiPlatformImport
async def import_of_variants_by_platform(t):
    variants = [_tiny(p, platform=Platform(p)) for p in ("linux/amd64", "linux/arm64")]
    tarball = dag.container().as_tarball(platform_variants=variants)
    chosen = [dag.container(platform=Platform(p)).import_(tarball) for p in ("linux/amd64", "linux/arm64")]
    return [[await c.file("/f").contents(), await c.platform()] for c in chosen] + [
        await _outcome(dag.container(platform=Platform("linux/s390x")).import_(tarball).file("/f").contents())
    ]


# core/container.go getVariantRefs
async def variants_that_are_none(t):
    one, other = _tiny("1"), _tiny("2")
    return [
        await _message(dag.container().as_tarball(platform_variants=[one, other]).size(), "duplicate platform"),
        await _message(one.as_tarball(platform_variants=[other]).size(), "duplicate platform"),
        await _message(dag.container().as_tarball().size(), "no containers to export"),
        await _message(dag.container().export(str(t.workdir / "x.tar")), "no containers to export"),
        len((await _image(t, one, platform_variants=[dag.container()])).index["manifests"]),
    ]


# services_test.go TestPortLifecycle, TestPortOCIConfig
async def ports_of_images(t):
    c = _tiny().with_exposed_port(8000, description="tcp").with_exposed_port(8000, protocol=NetworkProtocol.UDP).with_exposed_port(5432)
    c = c.with_exposed_port(5432, protocol=NetworkProtocol.UDP)
    d = c.without_exposed_port(8000, protocol=NetworkProtocol.UDP).without_exposed_port(5432)

    async def ports(container):
        image = await _image(t, container)
        return sorted(image.load(image.load(image.index["manifests"][0]["digest"])["config"]["digest"])["config"].get("ExposedPorts", {}))

    imported = dag.container().import_(c.as_tarball())
    return [await ports(c), await ports(d), sorted([[await p.port(), (await p.protocol()).value] for p in await imported.exposed_ports()]),
            await ports(imported.with_exposed_port(1)), len(await imported.with_exposed_port(8000).exposed_ports())]


# container_test.go TestContainerAsService: an imported image runs entrypoint and default args, and does not wait for its ports
async def an_imported_image_as_a_service(t):
    script = "import http.server, sys, json\nclass H(http.server.BaseHTTPRequestHandler):\n def do_GET(self):\n  b = json.dumps(sys.argv[1:]).encode()\n  self.send_response(200); self.send_header('Content-Length', str(len(b))); self.end_headers(); self.wfile.write(b)\n def log_message(self, *a): pass\nhttp.server.HTTPServer(('', 8080), H).serve_forever()\n"
    c = t.base.with_new_file("/app.py", script).with_entrypoint(["python3", "/app.py", "entry"]).with_default_args(["default"]).with_exposed_port(8080)
    imported = dag.container().import_(c.as_tarball()).with_exposed_port(8080)
    get = ["python3", "-c", "import urllib.request; print(urllib.request.urlopen('http://app:8080/', timeout=5).read().decode())"]
    services = {
        "imported": imported.as_service(), "use entrypoint": c.as_service(use_entrypoint=True),
        "both": c.as_service(use_entrypoint=True, args=["own"]), "own": c.as_service(args=["python3", "/app.py", "mine"]),
    }
    return {n: await t.base.with_env_variable("U", t.unique).with_service_binding("app", s).with_exec(get).stdout() for n, s in services.items()} | {
        "none": await _message(c.without_entrypoint().without_default_args().as_service().start(), "no service command has been set")
    }


# container_test.go TestMultiFrom, TestFromMergesWithParent, core/util.go: what a second image leaves of the first
async def from_over_a_container(t):
    def address(name):
        return f"{t.registry}/more/{t.unique}-{name}:v1"

    await t.base.with_env_variable("FOO", "image").with_label("l", "image").with_exposed_port(80).with_entrypoint(["e"]).with_workdir("/img").publish(address("a"))
    before = (
        dag.container().with_env_variable("BAR", "kept").with_env_variable("FOO", "replaced").with_label("l", "replaced").with_label("m", "kept")
        .with_exposed_port(5000).with_workdir("/old").with_default_args(["old"]).with_mounted_directory("/mnt", dag.directory().with_new_file("x", "1"))
    )
    c = before.from_(address("a"))
    written = t.base.with_mounted_directory("/mnt", dag.directory()).with_exec(["sh", "-c", "echo one >> /mnt/v"]).from_(address("a")).with_exec(["sh", "-c", "echo two >> /mnt/v"])
    return [
        await c.env_variable("BAR"), await c.env_variable("FOO"), await c.label("l"), await c.label("m"), sorted([await p.port() for p in await c.exposed_ports()]),
        await c.workdir(), await c.entrypoint(), await c.mounts(), await c.directory("/mnt").entries(), await written.with_exec(["cat", "/mnt/v"]).stdout(),
    ]


# container_test.go TestImageRef
async def image_refs(t):
    told = "Image reference can only be retrieved immediately after the 'Container.From' call"
    address = f"{t.registry}/more/{t.unique}-ref:v1"
    await _tiny(t.unique).publish(address)
    c = dag.container().from_(address)
    return [
        (await c.image_ref()).startswith(f"{address}@sha256:"), await _message(c.with_new_file("/g", "x").image_ref(), told), await _message(c.with_env_variable("A", "1").image_ref(), told),
        await _message(c.with_mounted_temp("/t").image_ref(), told), await _message(dag.container().image_ref(), told),
    ]


# container_test.go TestPublish: default args come back; the same tag again
async def publish_twice_to_one_tag(t):
    address = f"{t.registry}/more/{t.unique}:v1"
    refs = [await t.base.with_default_args(["echo", n]).publish(address) for n in ("one", "two")]
    back = [await dag.container().from_(ref).with_exec([]).stdout() for ref in refs]
    return [refs[0] == refs[1], back, [ref.startswith(f"{address}@sha256:") for ref in refs]]


# core/container.go publish: how the address comes back
async def published_addresses(t):
    c = _tiny(t.unique)
    name = f"{t.registry}/more/{t.unique}"
    return [(await c.publish(a)).split("@")[0].removeprefix(t.registry) == e for a, e in [(name, f"/more/{t.unique}"), (f"{name}:latest", f"/more/{t.unique}:latest")]]


# container_test.go TestWithRootFSSubdir; replaced directories leave opaque marks or whiteouts
async def layers_of_replaced_things(t):
    c = t.base.with_exec(["sh", "-c", "mkdir -p /opt/d/sub; echo 1 > /opt/d/a; echo 2 > /opt/d/sub/b; echo f > /opt/f; ln -s f /opt/l"])
    d = c.with_exec(["sh", "-c", "rm -r /opt/d; echo file > /opt/d; rm /opt/f; mkdir /opt/f; echo in > /opt/f/x; rm /opt/l; echo l > /opt/l"])
    e = d.without_directory("/opt/f").with_directory("/opt/f", dag.directory().with_new_file("y", "2"))
    back = dag.container().import_(e.as_tarball())
    return [await back.directory("/opt").glob("**"), await back.file("/opt/d").contents(), await back.file("/opt/l").contents(), await dag.container().import_(d.as_tarball()).directory("/opt").glob("**")]
