"""Small files in the layouts of public data sets and tools, each with what it holds."""
