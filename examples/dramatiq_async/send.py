"""Send documents and wait for the results: `python send.py 200`."""

import sys

from tasks import process_document


def main(count: int) -> None:
    messages = [process_document.send(f"dramatiq-async-{n}", f"Note {n} on beekeeping.") for n in range(count)]
    outcomes = [message.get_result(block=True, timeout=60_000) for message in messages]
    print(f"{count} documents: {len(outcomes)} completions, {', '.join(sorted(set(outcomes)))}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
