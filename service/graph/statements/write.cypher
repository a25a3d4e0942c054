// Write a batch. One statement with sub-queries that run one after the other: a single round trip, and no row explosion.
// $documents: {id, set}; a null in `set` removes the property. $deleted: ids that become tombstones.
// $chunks: rows of new chunks. $pairs: chunk ids that follow each other.
// $entities: {id, name, links: [[chunk id, weight]]}, sorted by id over the whole batch: the order of the locks on new
// entities, so that two batches cannot deadlock.
CALL () {
  UNWIND $documents AS row
  MATCH (d:Document {id: row.id})
  SET d += row.set, d.updatedAt = datetime()
  RETURN count(*) AS documents
}
CALL () {
  UNWIND $deleted AS id
  MATCH (d:Document {id: id})
  SET d.deletedAt = datetime()
  RETURN count(*) AS deleted
}
CALL () {
  UNWIND $chunks AS row
  MATCH (d:Document {id: row.documentId})
  CREATE (c:Chunk {id: row.id, index: row.index, text: row.text, hash: row.hash, documentId: row.documentId,
                   heading: row.heading, page: row.page, start: row.start, end: row.end})
  CREATE (c)-[:FROM_DOCUMENT]->(d)
  RETURN count(*) AS chunks
}
CALL () {
  UNWIND $pairs AS pair
  MATCH (a:Chunk {id: pair[0]})
  MATCH (b:Chunk {id: pair[1]})
  CREATE (a)-[:NEXT_CHUNK]->(b)
  RETURN count(*) AS pairs
}
CALL () {
  UNWIND $entities AS row
  MERGE (e:__Entity__:Keyword {id: row.id})
    ON CREATE SET e.name = row.name, e.createdAt = datetime()
  WITH e, row
  UNWIND row.links AS link
  MATCH (c:Chunk {id: link[0]})
  CREATE (e)-[:FROM_CHUNK {weight: link[1]}]->(c)
  RETURN count(*) AS links
}
RETURN documents, deleted, chunks, pairs, links
