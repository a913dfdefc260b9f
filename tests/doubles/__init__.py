"""Outside services as doubles: real servers on loopback that speak the services' own HTTP."""
