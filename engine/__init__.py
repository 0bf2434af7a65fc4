"""The embedded engine: answers Dagger's API on one Linux machine.

From top to bottom; a layer imports only from those below it:

cli, sandboxed     what a person or the SDK starts
wiring             builds the real edges and hands them to a session
server             HTTP and GraphQL on loopback
executor, store, network, registry    the edges: processes, trees, namespaces, registries
vcs, web, hostfs   more of them: Git, HTTP, the host's files
schema             the fields of the API, one file per type and aspect
session            what one client owns: lazy values, secrets, services
solver             operations to results, through the ports only
oci                image formats
core, linux        pure values; system calls
errors, log
"""
