// The chunks of documents that are about to change, in order. $ids: document ids, already claimed.
UNWIND $ids AS id
MATCH (c:Chunk)-[:FROM_DOCUMENT]->(:Document {id: id})
WITH id, c ORDER BY c.index
WITH id, collect([c.id, c.index, c.start, c.end, c.page, c.heading]) AS chunks
RETURN collect({id: id, chunks: chunks}) AS rows
