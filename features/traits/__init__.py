"""What is known of a lead or its company: values, typed, as they were known at each moment."""
