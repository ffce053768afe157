"""The command line: one file per command, which reads its options, calls the packages, and prints."""
