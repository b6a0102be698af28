"""The phases of a deploy, a file for each step: observe, what is desired, compared, agreed to, done, recorded."""
