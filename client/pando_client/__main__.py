"""`python -m pando_client`."""

from pando_client.cli import main

main()
