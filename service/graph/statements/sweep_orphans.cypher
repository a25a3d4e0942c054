// Delete entities that have been without links for the grace period; unmark those that found a link again.
// Locked, then looked at again. A plain DELETE: a link that appeared all the same makes the commit fail, not vanish.
MATCH (e:__Entity__)
WHERE e.orphanedAt < datetime() - duration({milliseconds: $grace_ms})
WITH e ORDER BY e.id LIMIT $limit
SET e._lock = true
REMOVE e._lock
WITH e, EXISTS { (e)-[:FROM_CHUNK]->() } AS used
FOREACH (_ IN CASE WHEN used THEN [1] ELSE [] END | REMOVE e.orphanedAt)
FOREACH (_ IN CASE WHEN used THEN [] ELSE [1] END | DELETE e)
RETURN count(*) AS seen, sum(CASE WHEN used THEN 0 ELSE 1 END) AS swept
