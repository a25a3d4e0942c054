// Look at entities that lost a link, and mark those without any.
// Runs after the writers have committed and locks each entity before it looks: a writer that removed the last but one
// link and another that removed the last one could not see each other.
MATCH (u:__Unlinked)
WITH u LIMIT $limit
UNWIND u.entityIds AS id
WITH collect(DISTINCT u) AS notes, collect(DISTINCT id) AS ids
CALL (ids) {
  UNWIND ids AS id
  WITH id ORDER BY id
  MATCH (e:__Entity__ {id: id})
  WHERE NOT EXISTS { (e)-[:FROM_CHUNK]->() }
  SET e._lock = true
  REMOVE e._lock
  WITH e WHERE NOT EXISTS { (e)-[:FROM_CHUNK]->() } AND e.orphanedAt IS NULL
  SET e.orphanedAt = datetime()
  RETURN count(e) AS marked
}
FOREACH (u IN notes | DELETE u)
RETURN size(notes) AS notes, marked
