"""Repositories as environments: a project's files at a commit, its tests, and a patch at the end."""
