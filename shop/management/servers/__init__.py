"""Servers of our own, for tests and measurements: started on free ports, gone with us."""
