"""The command line: each command reads its words, asks the packages, and prints."""
