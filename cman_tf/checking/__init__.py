"""What `cman-tf check` finds in a corpus, and how it shows it."""
