// Lock the documents of a batch and read what the version guard needs.
// $ids: document ids, sorted, each once. The order is the order of the locks: two batches cannot deadlock.
// The write comes before the read on purpose: only the lock makes the version that is read the last one.
UNWIND $ids AS id
MERGE (d:Document {id: id})
  ON CREATE SET d.version = -1, d.createdAt = datetime()
SET d._lock = true
REMOVE d._lock
RETURN d.id AS id, d.version AS version, d.status AS status, d.contentHash AS contentHash,
       d.lastEventId AS lastEventId, d.lastOutcome AS lastOutcome, d.lastChunks AS lastChunks,
       d.keywordCount AS keywordCount
