"""What leads did, counted: bots left out, dwell time, decayed counters that late events change too, feature columns."""
