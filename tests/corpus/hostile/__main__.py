"""Writes the hostile documents as files, to be given to other programs: `python -m tests.corpus.hostile FOLDER`."""

import sys
from pathlib import Path

from tests.corpus.hostile import HOSTILE


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("expected one argument, the folder to write to")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for document in HOSTILE:
        (folder / document.name).write_bytes(document.build())
    sys.stdout.write(f"{len(HOSTILE)} hostile documents in {folder}\n")


if __name__ == "__main__":
    main()
