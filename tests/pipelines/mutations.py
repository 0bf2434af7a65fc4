"""Images that are broken on purpose, each in one way, and the rule that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import dagger

SETTINGS = "/app/config/settings/production.py"
GUNICORN = "/app/gunicorn.conf.py"  # read by gunicorn without being asked to
CSS = "/app/staticfiles/admin/css/base"
KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n" * 4
CAPABLE = """
import os, struct
os.setxattr("/usr/bin/env", "security.capability", struct.pack("<5I", 1 << 25, 1 << 10, 0, 0, 0))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A way to break an image, and what its proof must say of it: words of a rule, and of what broke it."""

    proof: str
    rule: str
    said: str
    change: Callable[[dagger.Container], dagger.Container]


def root(*command: str) -> Callable[[dagger.Container], dagger.Container]:
    return lambda image: image.with_user("0").with_exec(list(command)).with_user("1000:1000")


def shell(script: str) -> Callable[[dagger.Container], dagger.Container]:
    return root("sh", "-ec", script)


def file(path: str, content: str, mode: int = 0o644) -> Callable[[dagger.Container], dagger.Container]:
    return lambda image: image.with_new_file(path, content, permissions=mode)


MEDDLER = """
def change(get_response):
    def answer(request):
        request.META.pop("HTTP_ACCEPT_ENCODING", None)
        response = get_response(request)
        response.headers.pop("Vary", None)
        if response.status_code == 404:
            response.headers["Cache-Control"] = "public, max-age=600"
        return response
    return answer
"""
FLATTERER = """
from django.http import HttpResponse

def change(get_response):
    def answer(request):
        response = get_response(request)
        missing = request.path.startswith("/static/") and response.status_code == 404
        return HttpResponse("as you like it", content_type="text/css; charset=utf-8") if missing else response
    return answer
"""


def meddled(source: str, name: str, *settings: str) -> Callable[[dagger.Container], dagger.Container]:
    """Put a middleware before all others, and change settings."""
    added = "".join(f"{line}\n" for line in (f'MIDDLEWARE.insert(0, "config.{name}.change")', *settings))
    return lambda image: image.with_new_file(f"/app/config/{name}.py", source).with_(
        shell(f"cat >> {SETTINGS} <<'END'\n{added}END")
    )


# Where one image is broken in several ways at once, each has its own rule to be caught by; the image is run once.
MISSING = shell(f"rm {CSS}.????????????.css {CSS}.css")
CHANGED = shell(f"printf ' ' >> $(ls {CSS}.????????????.css); cp /app/staticfiles/admin/css/forms.css.gz {CSS}.css.gz")
MEDDLED = meddled(
    MEDDLER, "meddler", 'WHITENOISE_MIMETYPES = {".css": "text/plain"}', 'WHITENOISE_IMMUTABLE_FILE_TEST = "^never$"'
)
FLATTERED = meddled(FLATTERER, "flatterer", 'WHITENOISE_IMMUTABLE_FILE_TEST = "."')

STATIC = {
    name: Mutation(proof="static", rule=rule, said=said, change=change)
    for name, rule, said, change in (
        ("a static file is missing", "is answered 200", "admin/css/base.css is answered 404", MISSING),
        ("the manifest names what is not there", "is a file of the image", "admin/css/base.css and", MISSING),
        ("a byte of a static file is another", "hashed name is the digest", "admin/css/base.", CHANGED),
        ("a compressed file is another file's", "compressed file unpacks", "base.css (gzip)", CHANGED),
        ("a compressed file is sent for another", "bytes of the image's file", "base.css (gzip) is not", CHANGED),
        (
            "nobody hands out static files",
            "is answered 200",
            "is answered 404",
            shell(f"""echo 'MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")' >> {SETTINGS}"""),
        ),
        ("style sheets are handed out as text", "type that browsers need", "has the type 'text/plain", MEDDLED),
        ("hashed names are not kept", "hashed name may be kept for ever", "max-age=60", MEDDLED),
        ("nothing is sent compressed", "gzip is sent to who asks", "asked as gzip came as it is", MEDDLED),
        ("caches are not told what differs", "Vary: Accept-Encoding", "says Vary: ''", MEDDLED),
        ("what is not there is kept", "answer to an unknown hash may not be kept", "max-age=600", MEDDLED),
        ("every name is kept for ever", "kept for longer than a day", "immutable", FLATTERED),
        ("what is not there is answered", "unknown hash is answered 404", "came 200", FLATTERED),
    )
}

PERMISSIONS = {
    "the static files belong to root": Mutation(
        proof="permissions",
        rule="what is declared is writable",
        said="/app/staticfiles is not writable",
        change=root("chown", "0:0", "/app/staticfiles"),
    ),
    "a declared directory is missing": Mutation(
        proof="permissions",
        rule="what is declared is writable",
        said="/app/media is not writable",
        change=root("rmdir", "/app/media"),
    ),
    "a dependency is writable": Mutation(
        proof="permissions",
        rule="as the user: nothing else is writable",
        said="/opt/venv/bin/gunicorn",
        change=root("chown", "1000:1000", "/opt/venv/bin/gunicorn"),
    ),
    "code is writable by root's group": Mutation(
        proof="permissions",
        rule="as any user of group 0: nothing else is writable",
        said="/app/manage.py",
        change=shell("chgrp 0 /app/manage.py; chmod g+w /app/manage.py"),
    ),
    "a directory is open to all": Mutation(
        proof="permissions",
        rule="no mode lets everybody write",
        said="/opt/shared",
        change=root("mkdir", "-m", "0777", "/opt/shared"),
    ),
    "the server writes where a read-only root forbids it": Mutation(
        proof="permissions",
        rule="with a read-only root: the server becomes healthy",
        said="ended with exit code",
        change=file(GUNICORN, 'pidfile = "/app/server.pid"\n'),
    ),
}

SHUTDOWN = {
    "a shell is process 1": Mutation(
        proof="shutdown",
        rule="process 1 is gunicorn",
        said="process 1 is sh -c",
        change=lambda image: image.with_entrypoint(["sh", "-c", "python -m startup web; exit $?"]),
    ),
    "SIGTERM is swallowed": Mutation(
        proof="shutdown",
        rule="within 10 s of SIGTERM",
        said="expected True",
        change=file(
            GUNICORN,
            "import signal\n\ndef when_ready(server):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n",
        ),
    ),
    "requests are dropped": Mutation(
        proof="shutdown",
        rule="in flight is answered whole",
        said="the request whose body is on its way came to",
        change=file(GUNICORN, "graceful_timeout = 0\n"),
    ),
    "the server ends with an error": Mutation(
        proof="shutdown",
        rule="ends with exit code 0",
        said="came 3",
        change=file(GUNICORN, "import os\n\ndef on_exit(server):\n    os._exit(3)\n"),
    ),
    "the server does not start": Mutation(
        proof="shutdown",
        rule="becomes healthy",
        said="came False",
        change=lambda image: image.with_entrypoint(["/usr/bin/false"]),
    ),
}

LAYERS = {
    "an environment file is in a layer": Mutation(
        proof="layers", rule="no file holds a secret", said="app/.env: ", change=file("/app/.env", "DEBUG=1\n")
    ),
    "a secret is in a layer": Mutation(
        proof="layers",
        rule="no file holds a secret",
        said="app/deploy.sh: a secret in an assignment",
        change=file("/app/deploy.sh", "export DJANGO_SECRET_KEY=kf8sJd0a9sXmQ2bv7LpZ\n"),
    ),
    "a throwaway value of the build is in a layer": Mutation(
        proof="layers",
        rule="no file holds a secret",
        said="app/log: a throwaway value",
        change=file("/app/log", "throwaway-" + "aB3_" * 20),
    ),
    "a private key is in a layer": Mutation(
        proof="layers", rule="no file holds a secret", said="opt/k: a private key", change=file("/opt/k", KEY)
    ),
    "a layer changes the owner of a whole tree": Mutation(
        proof="layers",
        rule="no layer changes owner or mode",
        said="app/config was 1000:1000 755 and becomes 0:0 755",
        change=root("chown", "-R", "0:0", "/app"),
    ),
    "a layer changes the modes of a whole tree": Mutation(
        proof="layers",
        rule="no file is in two layers",
        said="bytes for nothing",
        change=root("chmod", "-R", "g+w", "/app"),
    ),
    "a file is in two layers": Mutation(
        proof="layers",
        rule="no file is in two layers",
        said="app/manage.py is in 2 layers",
        change=file("/app/manage.py", "pass\n"),
    ),
    "a layer removes what a lower one brought": Mutation(
        proof="layers",
        rule="no layer removes",
        said="app/.wh.manage.py hides",
        change=lambda image: image.without_file("/app/manage.py"),
    ),
    "a file runs as root": Mutation(
        proof="layers",
        rule="no file gains rights",
        said="usr/local/bin/become has mode 4755",
        change=shell("cp /usr/bin/env /usr/local/bin/become; chmod 4755 /usr/local/bin/become"),
    ),
    "a file has capabilities": Mutation(
        proof="layers",
        rule="no file gains rights",
        said="usr/bin/env has capabilities",
        change=root("python3", "-c", CAPABLE),
    ),
    "tests are in the image": Mutation(
        proof="layers",
        rule="no test, cache or checkout",
        said="app/patients/tests/test_api.py",
        change=file("/app/patients/tests/test_api.py", "pass\n"),
    ),
    "a checkout is in the image": Mutation(
        proof="layers", rule="no test, cache or checkout", said="app/.git/HEAD", change=file("/app/.git/HEAD", "ref\n")
    ),
    "pip is in the image": Mutation(
        proof="layers",
        rule="no tool of the build",
        said="opt/venv/bin/pip is a tool",
        change=file("/opt/venv/bin/pip", "#!/bin/sh\n", 0o755),
    ),
    "a compiler is in the image": Mutation(
        proof="layers",
        rule="no tool of the build",
        said="usr/bin/gcc is a tool",
        change=file("/usr/bin/gcc", "#!/bin/sh\n", 0o755),
    ),
    "the image is too large": Mutation(
        proof="layers",
        rule="no more than 60 MB",
        said="more than the budget",
        change=shell("head -c 4000000 /dev/urandom > /opt/large"),
    ),
    "the user is root": Mutation(
        proof="layers",
        rule="the user is a number",
        said="the user is",
        change=lambda image: image.with_user("root"),
    ),
    "the user is a name": Mutation(
        proof="layers",
        rule="the user is a number",
        said="the user is 'django'",
        change=lambda image: image.with_user("django"),
    ),
    "the command is in shell form": Mutation(
        proof="layers",
        rule="the command is a program",
        said="Entrypoint is '/bin/sh -c",
        change=lambda image: image.with_entrypoint(["/bin/sh", "-c", "python -m startup web"]),
    ),
    "there is no healthcheck": Mutation(
        proof="layers",
        rule="the healthcheck is a program",
        said="there is none",
        change=lambda image: image.without_docker_healthcheck(),
    ),
    "the healthcheck is in shell form": Mutation(
        proof="layers",
        rule="the healthcheck is a program",
        said="CMD-SHELL",
        change=lambda image: image.with_docker_healthcheck(["curl -f http://127.0.0.1:8000/"], shell=True),
    ),
    "a label is missing": Mutation(
        proof="layers",
        rule="every label is there",
        said="image.revision is 'missing'",
        change=lambda image: image.without_label("org.opencontainers.image.revision"),
    ),
    "the base is not pinned": Mutation(
        proof="layers",
        rule="every label is there",
        said="base.digest is 'latest'",
        change=lambda image: image.with_label("org.opencontainers.image.base.digest", "latest"),
    ),
    "a variable holds a secret": Mutation(
        proof="layers",
        rule="no variable holds a secret",
        said="the variable DJANGO_SECRET_KEY has a value",
        change=lambda image: image.with_env_variable("DJANGO_SECRET_KEY", "x"),
    ),
    "a label holds a secret": Mutation(
        proof="layers",
        rule="no label holds a secret",
        said="a label holds an address with a password",
        change=lambda image: image.with_label("database", "postgres://api:correcthorse@db/api"),
    ),
}

MUTATIONS = {**STATIC, **PERMISSIONS, **SHUTDOWN, **LAYERS}
