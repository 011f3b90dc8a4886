"""The rendezvous server of Pando: it brings volunteers and clients together, and never sees what they compute."""
