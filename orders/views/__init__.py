"""Pages from basket to doorstep."""
