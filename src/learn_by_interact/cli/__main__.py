"""`python -m learn_by_interact.cli` is `lbi`."""

from . import main

main()
