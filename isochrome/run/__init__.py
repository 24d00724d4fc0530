"""Running a model on one input: one file a runtime."""
