"""What the web pages that the package writes have in common: the rendering, the frame, and the drawing of a sentence."""
