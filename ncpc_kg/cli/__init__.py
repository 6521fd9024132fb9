"""The command line `ncpc-kg`: modules of commands that read arguments, call one function, print."""

from ncpc_kg.cli.main import app, main

__all__ = ["app", "main"]
