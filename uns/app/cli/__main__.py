"""`python -m uns.app.cli` is the command `uns`."""

from uns.app.cli.main import main

main()
