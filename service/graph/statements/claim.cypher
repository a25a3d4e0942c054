// Lock the documents of a batch and read what the version guard needs.
// $ids: document ids, sorted, each once. The order is the order of the locks: two batches cannot deadlock.
// One row with all of them: the driver spends more on a row than on what is in it.
// The write comes before the read on purpose: only the lock makes the version that is read the last one.
UNWIND $ids AS id
MERGE (d:Document {id: id})
  ON CREATE SET d.version = -1, d.createdAt = datetime()
SET d._lock = true
REMOVE d._lock
RETURN collect(d {.id, .version, .status, .contentHash, .lastEventId, .lastOutcome, .lastChunks, .keywordCount}) AS rows
