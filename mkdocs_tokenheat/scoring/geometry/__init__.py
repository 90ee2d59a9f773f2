"""What lies between vectors: entries that are no text's scores, a file a kind."""
