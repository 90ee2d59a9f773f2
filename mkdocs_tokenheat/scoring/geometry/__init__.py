"""How vectors relate: entries other than a text's scores, one file per kind."""
