"""A PostgreSQL for the time of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagger import dag

if TYPE_CHECKING:
    import dagger

ALIAS = "database"
PORT = 5432
NAME = "api"

_BIN = "/usr/lib/postgresql/17/bin"
_DATA = "/var/lib/postgresql/data"
# The cluster is made at start, not before: it holds the password, which is another one in each run.
_START = f"""
umask 077
printf %s "$DATABASE_PASSWORD" > /tmp/password
{_BIN}/initdb --pgdata={_DATA} --username={NAME} --pwfile=/tmp/password --auth=scram-sha-256 \
  --encoding=UTF8 --locale=C.UTF-8 --no-sync > /dev/null
rm /tmp/password
printf 'CREATE DATABASE {NAME};\\n' | {_BIN}/postgres --single -D {_DATA} postgres > /dev/null
printf 'host all all all scram-sha-256\\n' >> {_DATA}/pg_hba.conf
exec {_BIN}/postgres -D {_DATA} -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A running database and the address that a client bound to it as `ALIAS` uses."""

    service: dagger.Service
    url: dagger.Secret


def database(base: dagger.Container, *, name: str, password: str) -> Database:
    """Describe a fresh, empty database; it starts when someone who is bound to it does.

    Two names are two databases: an engine tells services and secrets apart by what describes them.
    """
    service = (
        base.with_user("postgres")
        .with_secret_variable("DATABASE_PASSWORD", dag.set_secret(f"database-password-{name}", password))
        .with_exposed_port(PORT)
        .as_service(args=["sh", "-ec", _START])
    )
    url = dag.set_secret(f"database-url-{name}", f"postgres://{NAME}:{password}@{ALIAS}:{PORT}/{NAME}")
    return Database(service=service, url=url)
