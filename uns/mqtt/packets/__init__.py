"""One file per packet, named as in the standard: its struct, how it is read and how it is written."""
