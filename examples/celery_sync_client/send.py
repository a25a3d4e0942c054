"""Send tasks and wait for the results: `python send.py 200`."""

import sys

from tasks import process_document


def main(count: int) -> None:
    results = [process_document.delay(f"celery-sync-{n}", f"Note {n} on beekeeping.") for n in range(count)]
    outcomes = [result.get(timeout=60) for result in results]
    print(f"{count} documents: {len(outcomes)} completions, {', '.join(sorted(set(outcomes)))}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
