"""What OSWorld and benchmarks that grew from it share: the package `desktop_env` of a checkout, run here.

`served` runs the package's server beside a screen in the sandbox, `judge` its set-up and evaluators in a
process of their own, and `episode` is an environment between the two. Nothing of a checkout is copied.
"""
