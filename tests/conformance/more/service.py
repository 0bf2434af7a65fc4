"""Services: further answers, each with the place in Dagger's repository that asserts it."""

import json
import socket
import threading
import urllib.request

import anyio
import dagger
from dagger import NetworkProtocol, PortForward, dag

_APP = """
import http.server, json, os, sys, uuid
ID = uuid.uuid4().hex
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        what, _, rest = self.path[1:].partition("/")
        if what == "exit":
            os._exit(int(rest))
        answer = {
            "id": lambda: ID,
            "argv": lambda: sys.argv[2:],
            "hostname": lambda: __import__("socket").gethostname(),
            "ask": lambda: json.load(__import__("urllib.request").request.urlopen("http://" + rest, timeout=5)),
        }[what]()
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
"""

_GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end='')"


def _app(t, port=8080):
    return t.base.with_env_variable("UNIQUE", t.unique).with_new_file("/app.py", _APP).with_exposed_port(port)


def _serve(container, *args, port="8080", **options):
    return container.as_service(args=["python3", "/app.py", port, *args], **options)


async def _get(client, url):
    return json.loads(await client.with_exec(["python3", "-c", _GET, url]).stdout())


async def _outcome(awaitable):
    try:
        value = await awaitable
    except dagger.ExecError as error:
        return ["ExecError", error.exit_code]
    except dagger.QueryError:
        return "QueryError"
    return value if isinstance(value, str | int | list | None) else type(value).__name__


async def _message(awaitable, text):
    try:
        return await awaitable
    except dagger.QueryError as error:
        return text in str(error) or str(error)


# services_test.go TestHostnameEndpoint
async def endpoints(t):
    bare = t.base.as_service(args=["sleep", "60"])
    host = await bare.hostname()
    return [
        await bare.endpoint(port=1234) == f"{host}:1234", await bare.endpoint(port=1234, scheme="tcp") == f"tcp://{host}:1234",
        await _message(bare.endpoint(), "no ports exposed"), await bare.ports(),
        (await _serve(_app(t)).with_hostname("mine").endpoint()),
    ]


# services_test.go TestWithHostname: reached by name, also with a binding of another name
async def a_hostname_of_its_own_with_a_binding(t):
    service = _serve(_app(t), "x").with_hostname(f"own-{t.unique}")
    client = t.base.with_service_binding("alias", service)
    return [await _get(client, "http://alias:8080/argv"), await _get(client, f"http://own-{t.unique}:8080/argv"), await service.hostname() == f"own-{t.unique}"]


# services_test.go TestPorts
async def ports_of_services(t):
    c = t.base.with_exposed_port(8000, description="eight thousand").with_exposed_port(9000, description="nine thousand", protocol=NetworkProtocol.UDP)
    ports = await c.as_service(args=["sleep", "60"]).ports()
    return [[await p.port(), await p.description(), (await p.protocol()).value] for p in ports]


# services_test.go TestAliases: two aliases, and two bindings of one service
async def two_aliases_of_one_service(t):
    service = _serve(_app(t))
    client = t.base.with_service_binding("hello", service).with_service_binding("hola", service)
    return [await _get(client, "http://hello:8080/id") == await _get(client, "http://hola:8080/id")]


# services_test.go TestServices / TestDeeplyNestedServices: a chain of services
async def a_chain_of_services(t):
    last = _serve(_app(t), "last")
    middle = _serve(_app(t).with_service_binding("last", last), "middle")
    first = _serve(_app(t).with_service_binding("middle", middle), "first")
    client = t.base.with_service_binding("first", first)
    return [await _get(client, "http://first:8080/ask/middle:8080/ask/last:8080/argv"),
            await _outcome(client.with_exec(["python3", "-c", _GET, "http://last:8080/argv"]).exit_code())]


# services_test.go TestExecServicesError / TestServiceNoExec: programs that fail before they are up
async def a_service_that_fails_names_its_binding(t):
    service = _app(t).as_service(args=["sh", "-c", "echo nope; exit 42"])
    host = await service.hostname()
    return [
        await _message(t.base.with_service_binding("www", service).with_exec(["true"]).sync(), f"start {host} (aliased as www)"),
        await _message(t.base.with_service_binding("www", service).with_exec(["true"]).sync(), "exit code: 42"),
        await _message(_app(t).as_service(args=["true"]).start(), "service exited before healthcheck"),
    ]


# services_test.go TestStartStop, TestStartStopKill
async def start_stop_and_kill(t):
    service = _app(t).as_service(args=["sh", "-c", "trap '' TERM; python3 /app.py 8080 & while :; do sleep 0.1; done"])
    await service.start()
    with anyio.fail_after(20):
        await service.stop(kill=True)
    return await _outcome(t.base.with_env_variable("U", t.unique).with_exec(["python3", "-c", _GET, f"http://{await service.hostname()}:8080/id"]).exit_code())


# services_test.go: a service without a port is taken as up at once; UDP ports are not dialled
async def ports_that_are_not_checked(t):
    sleep = ["sleep", "60"]
    udp = t.base.with_env_variable("U", t.unique).with_exposed_port(5353, protocol=NetworkProtocol.UDP).as_service(args=sleep)
    none = t.base.with_env_variable("U", t.unique + "n").as_service(args=sleep)
    skipped = t.base.with_env_variable("U", t.unique + "s").with_exposed_port(1, experimental_skip_healthcheck=True).as_service(args=sleep)
    return [await t.base.with_service_binding("s", s).with_exec(["echo", "up"]).stdout() for s in (udp, none, skipped)]


# services_test.go TestDockerHealthcheck: shell form, failing, and one that takes the place of the ports
async def docker_healthchecks(t):
    base = t.base.with_env_variable("U", t.unique)
    shell = base.with_docker_healthcheck(["test -f /tmp/ready && true"], shell=True, interval="100ms", retries=50)
    up = shell.as_service(args=["sh", "-c", "sleep 0.5; touch /tmp/ready; sleep 60"])
    never = base.with_exposed_port(1).with_docker_healthcheck(["true"]).as_service(args=["sleep", "60"])
    sick = base.with_docker_healthcheck(["sh", "-c", "exit 3"], interval="100ms", retries=1).as_service(args=["sleep", "60"])
    return [await t.base.with_service_binding("s", up).with_exec(["echo", "up"]).stdout(), await t.base.with_service_binding("s", never).with_exec(["echo", "up"]).stdout(),
            await _outcome(sick.start())]


# services_test.go TestHostToContainer: native ports, given ones, and what is there before the start
async def tunnels(t):
    def ask(url):
        with urllib.request.urlopen(url, timeout=5) as response:
            return json.loads(response.read())

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = _serve(_app(t), "through")
    tunnel = await dag.host().tunnel(service, ports=[PortForward(backend=8080, frontend=port)]).start()
    given = [await anyio.to_thread.run_sync(ask, f"http://127.0.0.1:{port}/argv"), await tunnel.endpoint() == f"localhost:{port}" or await tunnel.endpoint() == f"127.0.0.1:{port}",
             [await p.port() == port for p in await tunnel.ports()]]
    await tunnel.stop()
    waiting = dag.host().tunnel(_serve(_app(t), "waiting"))
    return [given, await _outcome(waiting.endpoint()), await _message(dag.host().tunnel(t.base.as_service(args=["sleep", "9"])).start(), "no ports to forward"),
            await _message(dag.host().service([]).start(), "no ports specified")]


# services_test.go TestContainerHostService: frontend ports, several of them, and the default endpoint
async def services_of_the_host(t):
    listeners, stop = [], threading.Event()

    def answer(listener, text):
        listener.settimeout(0.2)
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with connection:
                connection.recv(1000)
                connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())

    for text in ("1", "2"):
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=answer, args=(listener, text), daemon=True).start()
        listeners.append(listener)
    a, b = (listener.getsockname()[1] for listener in listeners)
    try:
        service = dag.host().service([PortForward(backend=a, frontend=80), PortForward(backend=b)])
        client = t.base.with_env_variable("U", t.unique).with_service_binding("up", service)
        return [await _get(client, "http://up/"), await _get(client, f"http://up:{b}/"), (await service.endpoint()).endswith(":80"),
                await _get(client, f"http://{await service.hostname()}/")]
    finally:
        stop.set()
        for listener in listeners:
            listener.close()


# core/service.go startContainer: the host name inside is the whole name; hosts of others are found by it
async def the_hostname_inside(t):
    service = _serve(_app(t))
    inside = await _get(t.base.with_service_binding("web", service), "http://web:8080/hostname")
    return [inside.split(".")[0] == await service.hostname(), "." in inside]


# services_test.go TestServiceBindingRestart: after a crash the next step finds a new one
async def a_service_starts_again_after_a_crash(t):
    service = _serve(_app(t))
    client = t.base.with_service_binding("web", service)
    first = await _get(client.with_env_variable("N", "1"), "http://web:8080/id")
    await _outcome(client.with_env_variable("N", "2").with_exec(["python3", "-c", _GET, "http://web:8080/exit/1"]).sync())
    await anyio.sleep(1)
    return first == await _get(client.with_env_variable("N", "3"), "http://web:8080/id")


# core/services.go: files that a bound step makes can be read and mounted elsewhere
async def files_of_a_step_with_services(t):
    client = t.base.with_env_variable("U", t.unique).with_service_binding("web", _serve(_app(t), "file"))
    made = client.with_exec(["python3", "-c", _GET, "http://web:8080/argv"], redirect_stdout="/answer")
    other = t.base.with_mounted_file("/a", made.file("/answer")).with_directory("/d", made.directory("/").filter(include=["answer"]))
    return await other.with_exec(["sh", "-c", "cat /a /d/answer"]).stdout()
