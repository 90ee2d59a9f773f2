"""Which numbers a block needs, where they are kept, and how they come to be."""
