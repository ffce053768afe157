"""What leads did: bots left out, dwell time, observations, decayed counters, feature columns."""
