"""How numbers become HTML: in plain Python, with every style inline."""
