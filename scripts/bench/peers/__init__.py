"""The benches against other libraries: what they measure, and how, stands in files of their own here."""
