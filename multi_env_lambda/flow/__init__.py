"""The four phases of every command, one file each: observe, make (what the work tree wants), act, record."""
