"""Start the command line, with a clear word where Python is too old for it."""

from __future__ import annotations

import gc
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - reached where nothing checked it before
    sys.exit(
        "ncpc-kg needs Python 3.11 or later; this is {}.{}.\nInstall a newer Python and try again.".format(
            *sys.version_info
        )
    )

gc.disable()  # what is imported stays: looking for garbage meanwhile is for nothing
from ncpc_kg.cli import main  # noqa: E402

gc.enable()

if __name__ == "__main__":
    sys.exit(main())
