"""Send tasks of twenty documents each and wait for the results: `python send.py 200`."""

import sys
from itertools import islice

from tasks import process_documents

EACH = 20


def main(count: int) -> None:
    documents = iter([(f"celery-asyncio-run-{n}", f"Note {n} on beekeeping.") for n in range(count)])
    results = []
    while some := dict(islice(documents, EACH)):
        results.append(process_documents.delay(some))
    outcomes = [outcome for result in results for outcome in result.get(timeout=60).values()]
    print(f"{count} documents: {len(outcomes)} completions, {', '.join(sorted(set(outcomes)))}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
