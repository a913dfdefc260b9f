"""Benchmarks of the shop's pages and API on private databases."""
