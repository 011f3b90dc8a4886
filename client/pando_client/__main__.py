"""`python -m pando_client`."""

from pando_client.command.main import main

main()
