"""The build hook: bundles the volunteer page and the Deno programs into the Python packages.

hatchling runs it for wheels and for editable installs alike. Deno comes from PyPI through
`build-system.requires`, so that neither Node.js nor npm is needed anywhere.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = "server/pando_server/static"
CLIENT = "client/pando_client/assets"


class BundleHook(BuildHookInterface[Any]):
    """Runs `volunteer-web/build.ts` and adds what it wrote to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundles once per build. `version` is `standard` or `editable`: both ship the same files.

        Raises:
            RuntimeError: Deno is missing, or bundling failed; the text says which.
        """
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        # In pip's isolated build `deno.find_deno_bin()` looks in the wrong place; PATH has the right one.
        deno = shutil.which("deno")
        if deno is None:
            raise RuntimeError("deno is not on the PATH: install it with `pip install deno`")
        command = [deno, "run", "--quiet", "--allow-all", "build.ts"]
        command += ["--page", str(root / PAGE), "--client", str(root / CLIENT)]
        # Bundled from the folder that holds deno.json, so that its imports and lock count.
        done = subprocess.run(command, cwd=root / "volunteer-web", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(
                f"bundling the volunteer page failed:\n{done.stderr}\n"
                "(The first build fetches the bundler and the page's dependencies from the npm registry.)"
            )
        build_data["artifacts"] += [f"/{PAGE}/*", f"/{CLIENT}/**"]
