"""The training loop: step, checkpoints, summaries and records of a run."""
