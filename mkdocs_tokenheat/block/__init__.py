"""Syntax and text: from a page's lines to blocks, and from a text to its words and cells."""
