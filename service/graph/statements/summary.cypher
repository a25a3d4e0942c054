// What is in the graph, in numbers.
RETURN COUNT { (:Document {status: 'READY'}) } AS documents,
       COUNT { (:Document {status: 'DELETED'}) } AS tombstones,
       COUNT { (:Chunk) } AS chunks,
       COUNT { (:__Entity__)-[:FROM_CHUNK]->() } AS links,
       COUNT { (e:__Entity__) WHERE EXISTS { (e)-[:FROM_CHUNK]->() } } AS keywords
