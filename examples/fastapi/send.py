"""Put documents, twenty at a time: `python send.py 200`."""

import asyncio
import os
import sys

import httpx


async def main(count: int) -> None:
    url = f"http://127.0.0.1:{os.environ.get('UVICORN_PORT', '8000')}/documents"
    limit = asyncio.Semaphore(20)

    async with httpx.AsyncClient(timeout=60) as http:

        async def put(n: int) -> str:
            async with limit:
                answer = await http.put(f"{url}/fastapi-{n}", json={"text": f"Note {n} on beekeeping."})
            return answer.raise_for_status().json()["outcome"]

        outcomes = await asyncio.gather(*(put(n) for n in range(count)))
    print(f"{count} documents: {len(outcomes)} completions, {', '.join(sorted(set(outcomes)))}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
