"""The figures of the pages: SVG that is made here, whole, from numbers. No scripts, no styles, nothing loaded."""
