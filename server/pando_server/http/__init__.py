"""What the server serves over HTTP: pages, their policies, and the limits round all of it."""
