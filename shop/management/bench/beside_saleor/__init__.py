"""Measure the API beside Saleor's own server, with the same operations on the same PostgreSQL."""
