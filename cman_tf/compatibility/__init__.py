"""Import paths of version 0.1, which work for one more version and warn."""
