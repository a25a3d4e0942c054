// Take away what a new version no longer has, and move what it kept.
// $removed: chunk ids. $broken: pairs of kept chunks that no longer follow each other. $moved: rows of kept chunks.
// The entities that lose a link are only noted: the sweeper looks at them later, so no writer locks a popular entity.
// A thousand to a note at most: the sweeper takes whole notes, and its transactions are to stay small.
CALL () {
  UNWIND $removed AS id
  MATCH (c:Chunk {id: id})
  OPTIONAL MATCH (e:__Entity__)-[:FROM_CHUNK]->(c)
  WITH collect(DISTINCT c) AS chunks, collect(DISTINCT e.id) AS entityIds
  FOREACH (c IN chunks | DETACH DELETE c)
  FOREACH (start IN range(0, size(entityIds) - 1, 1000) |
    CREATE (:__Unlinked {entityIds: entityIds[start..start + 1000]}))
  RETURN size(chunks) AS removed
}
CALL () {
  UNWIND $broken AS pair
  MATCH (:Chunk {id: pair[0]})-[r:NEXT_CHUNK]->(:Chunk {id: pair[1]})
  DELETE r
  RETURN count(*) AS broken
}
CALL () {
  UNWIND $moved AS row
  MATCH (c:Chunk {id: row.id})
  SET c.index = row.index, c.start = row.start, c.end = row.end, c.page = row.page, c.heading = row.heading
  RETURN count(*) AS moved
}
RETURN removed, broken, moved
