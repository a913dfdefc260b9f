"""Copies of a running shop: its database at one moment, the files that its rows name, and its keys."""
