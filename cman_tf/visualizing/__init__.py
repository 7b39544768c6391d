"""What `cman-tf visualize` shows: annotated sentences with what was found, missed and wrongly found."""
