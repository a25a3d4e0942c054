// Constraints and indexes, each created only when it is missing. The names of the indexes are those that the
// retrievers of neo4j-graphrag, LangChain and LlamaIndex expect.
CREATE CONSTRAINT document_id IF NOT EXISTS FOR (d:Document) REQUIRE d.id IS UNIQUE;
CREATE CONSTRAINT chunk_id IF NOT EXISTS FOR (c:Chunk) REQUIRE c.id IS UNIQUE;
CREATE CONSTRAINT entity_id IF NOT EXISTS FOR (e:__Entity__) REQUIRE e.id IS UNIQUE;
CREATE INDEX entity_orphaned_at IF NOT EXISTS FOR (e:__Entity__) ON (e.orphanedAt);
CREATE FULLTEXT INDEX keyword IF NOT EXISTS FOR (c:Chunk) ON EACH [c.text];
CREATE FULLTEXT INDEX entities IF NOT EXISTS FOR (e:__Entity__) ON EACH [e.name]
