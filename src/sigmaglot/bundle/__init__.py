"""Where the texts of a run go: standard output, one file, or a folder of files."""
