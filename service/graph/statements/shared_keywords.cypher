// The keywords that most documents share.
MATCH (e:Keyword)-[:FROM_CHUNK]->(:Chunk)-[:FROM_DOCUMENT]->(d:Document)
WITH e, count(DISTINCT d) AS documents, collect(DISTINCT d.title) AS titles
WHERE documents > 1
RETURN e.name AS name, documents, titles
ORDER BY documents DESC, name
LIMIT $limit
