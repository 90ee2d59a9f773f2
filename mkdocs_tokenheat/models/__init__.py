"""Models: where their files lie, who they are, and the vectors of their tokens."""
