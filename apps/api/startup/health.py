"""Ask the server in this container whether it is healthy, as a proxy in front of it would."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from startup.options import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = 8  # seconds: longer than the server's patience with a database that does not answer


def healthy(environ: Mapping[str, str]) -> bool:
    """Return whether the health endpoint answers 200; say in one line what it answered otherwise."""
    url = f"http://127.0.0.1:{environ.get('PORT', '').strip() or DEFAULT_PORT}/api/health/"
    headers = {"Host": allowed_host(environ.get("DJANGO_ALLOWED_HOSTS", "")), "X-Forwarded-Proto": "https"}
    # No proxy from the environment between a container and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT) as answer:
            return answer.status == 200  # noqa: PLR2004 - HTTP's number is its name
    except urllib.error.HTTPError as error:
        with error:
            print(f"health: {error.code} {error.read(300).decode(errors='replace')}")
    except (OSError, ValueError) as error:
        print(f"health: no answer from {url}: {error}")
    return False


def allowed_host(allowed: str) -> str:
    """Return a host name that Django accepts under this value of ALLOWED_HOSTS."""
    first = next((word.strip() for word in allowed.split(",") if word.strip()), "*")
    return "localhost" if first == "*" else first.removeprefix(".")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, and not a healthy one."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""
