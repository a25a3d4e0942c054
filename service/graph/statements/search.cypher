// Full-text search over the chunks. $text is in Lucene's syntax.
CALL db.index.fulltext.queryNodes('keyword', $text) YIELD node, score
MATCH (node)-[:FROM_DOCUMENT]->(d:Document)
RETURN d.id AS document, d.title AS title, node.heading AS heading, node.text AS text, score
ORDER BY score DESC
LIMIT $limit
