"""How quick the shop's own pages are, measured on databases of our own."""
