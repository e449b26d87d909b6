"""Desktop applications: a screen of their own in the sandbox, seen through the accessibility bus."""
