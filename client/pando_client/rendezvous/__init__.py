"""How volunteers arrive: on the local network, through a public server, or on this machine."""
