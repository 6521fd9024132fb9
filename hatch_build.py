"""Build hook: puts the editor and the map into the wheel where Node is at hand.

Without Node, or without a registry, the wheel is built all the same: the pages then show a
plain text field and a plain list. Run it alone with `python hatch_build.py` (`make assets`).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
STAMP = ROOT / "ncpc_kg" / "web" / "static" / "vendor" / "stamp.txt"


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the assets before a wheel is made; does nothing for an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Make the assets, or say why the wheel has none."""
        if version == "editable" or self.target_name != "wheel":
            return
        if problem := make_assets():
            self.app.display_warning(f"The pages go without map and editor: {problem}")


def make_assets(modules: bool = False) -> str | None:
    """Build the assets unless they are there and fit the lock file.

    Args:
        modules: Whether the packages must be there, too; tests use one that no page needs.

    Returns:
        Why it was not possible, or None.
    """
    inputs = (FRONTEND / "package-lock.json", FRONTEND / "build.mjs")
    if not all(path.is_file() for path in inputs):
        return "frontend/ is not here"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    built = STAMP.is_file() and STAMP.read_text(encoding="ascii").strip() == wanted
    if built and (not modules or (FRONTEND / "node_modules").is_dir()):
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "npm, which comes with Node, was not found"
    for command in ([npm, "ci", "--ignore-scripts"], [npm, "run", "build"]):
        done = subprocess.run(  # noqa: S603
            command, cwd=FRONTEND, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            return f"{' '.join(command[1:])} failed: {' '.join(last)}"
    return None


if __name__ == "__main__":
    if failed := make_assets(modules=True):
        sys.exit(f"The assets were not built: {failed}")
