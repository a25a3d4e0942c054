// Lock the documents of a batch and read what the version guard needs of those that have been seen before.
// $ids: document ids, sorted, each once. The order is the order of the locks: two batches cannot deadlock.
// The write comes before the read on purpose: only the lock makes the version that is read the last one. A document
// that is created here is locked by that.
// One row with all of them: the driver spends more on a row than on what is in it.
UNWIND $ids AS id
MERGE (d:Document {id: id})
  ON CREATE SET d.version = -1, d.createdAt = datetime()
  ON MATCH SET d._lock = true
REMOVE d._lock
WITH d WHERE d.version >= 0
RETURN collect(d {.id, .version, .status, .contentHash, .lastEventId, .lastOutcome, .lastChunks, .keywordCount}) AS rows
