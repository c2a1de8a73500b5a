"""The collector `push`: events that others send by HTTP."""
