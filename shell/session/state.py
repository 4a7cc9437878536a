"""Files of ours that outlast a session, by the XDG base directory specification."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """Where they are; RuntimeError when there is no home either."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "farfetch"


def make(path: Path) -> None:
    """Make a folder, and those that it is in, for nobody else to look into."""
    for part in (*reversed(path.parents), path):
        if not part.exists():
            part.mkdir(mode=0o700, exist_ok=True)
            give_to_owner_of_its_folder(part)


def give_to_owner_of_its_folder(path: Path) -> None:
    """What root makes in a user's home is the user's, who could not add to it otherwise."""
    if os.geteuid() == 0:
        home = path.parent.stat()
        os.chown(path, home.st_uid, home.st_gid, follow_symlinks=False)
