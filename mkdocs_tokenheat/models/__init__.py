"""Models: where their files are, what identifies them, and the vectors of their tokens."""
