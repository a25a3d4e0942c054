// Write a batch. One statement with sub-queries that run one after the other: a single round trip, and no row explosion.
// $documents: {id, set}; a null in `set` removes the property. $deleted: ids that become tombstones.
// $chunks: rows of new chunks, numbered by their `place`. $pairs: chunk ids that follow each other.
// $entities: {id, name, links: [[place of the chunk, weight]]}, sorted by id over the whole batch: the order of the
// locks on new entities, so that two batches cannot deadlock. A chunk's place spares a look into the index for each of
// its keywords, by far the most links.
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
  WITH c, row.place AS place ORDER BY place
  RETURN collect(c) AS created
}
CALL () {
  UNWIND $pairs AS pair
  MATCH (a:Chunk {id: pair[0]})
  MATCH (b:Chunk {id: pair[1]})
  CREATE (a)-[:NEXT_CHUNK]->(b)
  RETURN count(*) AS pairs
}
CALL (created) {
  UNWIND $entities AS row
  MERGE (e:__Entity__:Keyword {id: row.id})
    ON CREATE SET e.name = row.name, e.createdAt = datetime()
  WITH e, row, created
  UNWIND row.links AS link
  WITH e, link[1] AS weight, created[link[0]] AS c
  CREATE (e)-[:FROM_CHUNK {weight: weight}]->(c)
  RETURN count(*) AS links
}
RETURN documents, deleted, size(created) AS chunks, pairs, links
