"""The loop proof: the classic program fails as the migration guide says, the service does not."""
