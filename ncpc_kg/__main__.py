"""Start the command line, with a clear word where Python is too old for it."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "ncpc-kg needs Python 3.11 or later; this is %d.%d.\nInstall a newer Python and try again."
        % sys.version_info[:2]
    )

from ncpc_kg.cli import main

if __name__ == "__main__":
    sys.exit(main())
