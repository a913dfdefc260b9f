"""Back up and restore a running shop: a database snapshot, the files its rows refer to, and its keys."""
