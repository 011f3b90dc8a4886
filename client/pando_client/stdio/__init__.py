"""The two ends of the pipeline: items in, results out."""
