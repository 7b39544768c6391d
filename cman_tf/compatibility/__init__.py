"""Import paths of version 0.1. They still work in this version, with a warning."""
