"""Syntax and text: from the lines of a page to blocks, and from a text to its words and cells."""
