"""What members type, checked before anything is done with it."""
