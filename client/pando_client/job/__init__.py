"""The shell round the coordinator: tasks, the clock, standard input and output."""
