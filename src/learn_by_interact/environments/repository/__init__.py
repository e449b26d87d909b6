"""Repositories as environments: a project's files at a commit, its tests, and a patch at the end."""

VIEW, SEARCH, REPLACE, UNDO = "view", "search", "replace", "undo"
TOOLS = (VIEW, SEARCH, REPLACE, UNDO)
"""The commands beside bash; `commands.py` has what they do."""
