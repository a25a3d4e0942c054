"""The adapters, one file each. What is told of a document before it is parsed is tested one folder up."""
