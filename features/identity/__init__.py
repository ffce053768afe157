"""Identity resolution: which lead each event belongs to, now and before; anonymous visits stitched to users."""
