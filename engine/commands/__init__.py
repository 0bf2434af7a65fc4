"""The verbs of the command line, one module each: `configure(parser)` and `execute(invocation) -> exit code`."""
