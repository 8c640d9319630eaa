"""``python -m flows``: the command line without an installed script."""

from flows.cli import main

main()
