"""`python -m pando`: the same as the command `pando`."""

from pando_client.command.main import main

main()
