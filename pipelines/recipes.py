"""What the bases made of Debian packages hold, and whose account the image runs under."""

from __future__ import annotations

from pipelines.debian import Recipe

USER = "django"
UID = 1000
OWNER = f"{UID}:{UID}"
HOME = "/app"

# The interpreter, what TLS needs to trust anyone, and the time zones that Python's zoneinfo reads.
PYTHON = Recipe(packages=("ca-certificates", "python3", "tzdata"), account=USER, uid=UID, home=HOME)

# The same and PostgreSQL, whose just-in-time compiler is half of its size and of no use for a minute's life.
POSTGRES = Recipe(
    packages=(*PYTHON.packages, "postgresql-17"),
    account=USER,
    uid=UID,
    home=HOME,
    left_out=(
        "/usr/lib/*/libLLVM*",
        "/usr/lib/*/libz3.so*",
        "/usr/lib/llvm-*",
        "/usr/lib/postgresql/*/lib/bitcode/*",
        "/usr/lib/postgresql/*/lib/llvmjit*",
        "/usr/share/i18n/*",
    ),
    configured=(("/etc/postgresql-common/createcluster.conf", "create_main_cluster = false"),),
)
