"""Where pages are built: each host finds pages, reports errors and ships files in its own way."""
