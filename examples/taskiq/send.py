"""Send tasks, and count the completions as anybody may: `python send.py 200`."""

import asyncio
import sys

from tasks import broker, process_document

from service.client import AsyncDocgraph


async def main(count: int) -> None:
    await broker.startup()
    missing = {f"taskiq-{n}" for n in range(count)}
    async with AsyncDocgraph() as docgraph, docgraph.completions() as completions, asyncio.timeout(60):
        for document_id in sorted(missing):
            await process_document.kiq(document_id, f"A note on beekeeping: {document_id}.")
        while missing:
            completion = await anext(completions)
            missing.discard(completion.document_id)
    await broker.shutdown()
    print(f"{count} documents: {count - len(missing)} completions")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
