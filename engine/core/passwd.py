"""Users and groups of a container: what /etc/passwd and /etc/group say (passwd(5), group(5))."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.tree import Owner
from engine.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who a process runs as."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The two files; None where a container has no such file."""

    passwd: str | None
    group: str | None

    def user(self, name: str) -> User:
        """Who `name[:group]` or `uid[:gid]` is; raises InvalidRequest for unknown names.

        As BuildKit: a bare number takes group and supplementary groups from passwd when it is known there, else
        group 0; with a group given there are no supplementary ones.
        """
        wanted, _, group = name.partition(":")
        entry = self._passwd_entry(wanted)
        if entry is None and wanted and not wanted.isdecimal():
            raise InvalidRequest(f"get user: unable to find user {wanted}: no matching entries in passwd file")
        uid = int(entry[2]) if entry else int(wanted or 0)
        home = entry[5] if entry else self._home_of(uid)
        if group:
            return User(uid=uid, gid=self._group_of_user(group), home=home)
        gid = int(entry[3]) if entry else 0
        return User(uid=uid, gid=gid, groups=self._supplementary(entry[0]) if entry else (), home=home)

    def owner(self, text: str) -> Owner | None:
        """Owner that an `owner` argument means, None for the empty text; raises InvalidRequest for unknown names.

        As Dagger: without a group the group's number is the user's.
        """
        if not text:
            return None
        user, colon, group = text.partition(":")
        uid = self._number(text, user, self.passwd, "user", "uid")
        gid = self._number(text, group, self.group, "group", "gid") if colon else uid
        return Owner(uid=uid, gid=gid)

    def _passwd_entry(self, wanted: str) -> list[str] | None:
        rows = [row for row in _rows(self.passwd, 7) if row[0] == wanted or (not wanted and row[2] == "0")]
        if not rows and wanted.isdecimal():
            rows = [row for row in _rows(self.passwd, 7) if row[2] == wanted]
        return rows[0] if rows else None

    def _home_of(self, uid: int) -> str:
        return next((row[5] for row in _rows(self.passwd, 7) if row[2] == str(uid)), "/")

    def _group_of_user(self, name: str) -> int:
        for row in _rows(self.group, 4):
            if row[0] == name:
                return int(row[2])
        if name.isdecimal():
            return int(name)
        raise InvalidRequest(f"get user: unable to find group {name}: no matching entries in group file")

    def _supplementary(self, name: str) -> tuple[int, ...]:
        return tuple(int(row[2]) for row in _rows(self.group, 4) if name in row[3].split(","))

    def _number(self, text: str, name: str, file: str | None, kind: str, number: str) -> int:
        if name.isdecimal():
            return int(name)
        if name == "root":
            return 0
        prefix = f"failed to resolve ownership for {text}: find {number}"
        if file is None:
            raise InvalidRequest(f"{prefix}: open /etc/passwd: no such file or directory")
        for row in _rows(file, 3):
            if row[0] == name and row[2].isdecimal():
                return int(row[2])
        raise InvalidRequest(f"{prefix}: no such {kind}: {name}")


def _rows(text: str | None, fields: int) -> list[list[str]]:
    rows = [line.split(":") for line in (text or "").splitlines() if line and not line.startswith("#")]
    return [row for row in rows if len(row) >= fields and row[2].isdecimal()]
