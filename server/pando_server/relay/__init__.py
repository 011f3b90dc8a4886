"""A core: which clients, jobs and volunteers there are, and who may talk to whom. It knows no I/O and no clock."""
