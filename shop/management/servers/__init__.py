"""Private servers for tests and benchmarks. They use free ports and stop with this process."""
