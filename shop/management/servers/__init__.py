"""Private servers for tests and benchmarks: started on free ports, stopped with this process."""
