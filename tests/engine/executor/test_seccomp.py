from __future__ import annotations

import errno

from engine.executor.seccomp import seccomp_profile


def _rules(name: str) -> list[dict]:
    return [rule for rule in seccomp_profile("x86_64")["syscalls"] if name in rule["names"]]


def test_what_leads_out_of_containers_is_refused() -> None:
    for name in (
        "keyctl",
        "add_key",
        "kexec_load",
        "open_by_handle_at",
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "mount",
    ):
        assert [(rule["action"], rule["errnoRet"]) for rule in _rules(name)] == [("SCMP_ACT_ERRNO", errno.EPERM)]


def test_ordinary_calls_are_allowed() -> None:
    assert _rules("ptrace") == _rules("openat") == _rules("execve") == []


def test_clone_is_refused_new_namespaces_only() -> None:
    assert all(rule["args"][0]["op"] == "SCMP_CMP_MASKED_EQ" for rule in _rules("clone"))
    assert sum(rule["args"][0]["value"] for rule in _rules("clone")) == 0x7E020000
    assert _rules("clone3")[0]["errnoRet"] == errno.ENOSYS


def test_programs_of_the_older_architecture_still_run() -> None:
    assert seccomp_profile("x86_64")["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    assert seccomp_profile("riscv64")["architectures"] == []
