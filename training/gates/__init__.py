"""What has to hold before a model may be served; one gate a file."""
