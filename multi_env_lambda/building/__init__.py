"""Files in, files out: archives, layers, wheels, and the checks before anything is published."""
