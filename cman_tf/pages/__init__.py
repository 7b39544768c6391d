"""What all web pages of the package share: the rendering, the frame, and the drawing of a sentence."""
