// What the graph knows of a document, without a lock. $id: its id.
MATCH (d:Document {id: $id})
RETURN d.id AS id, d.version AS version, d.status AS status, d.contentHash AS contentHash,
       d.lastEventId AS lastEventId, d.lastOutcome AS lastOutcome, d.lastChunks AS lastChunks,
       d.keywordCount AS keywordCount,
       d.uri AS uri, d.etag AS etag, d.lastModified AS lastModified, d.fetchLocation AS fetchLocation,
       d.fetchKey AS fetchKey
