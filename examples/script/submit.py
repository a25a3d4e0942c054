"""Hand documents over and wait for each answer: `python submit.py 200`."""

import sys

from service.client import Docgraph


def main(count: int) -> None:
    documents = [{"document_id": f"script-{n}", "text": f"Note {n} on beekeeping."} for n in range(count)]
    with Docgraph() as docgraph:
        receipts = docgraph.submit_many(documents)
        completions = [docgraph.wait(receipt) for receipt in receipts]
    print(f"{count} documents: {len(completions)} completions, {', '.join(sorted({c.outcome for c in completions}))}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
