"""A measured table as a section of a Markdown file: printed, and put in the place of the section of the same title."""

import os
import re
import shlex
import sys


def publish(title, head, body, path):
    """Prints the section; with a path, writes it there too: in place of the one of that title, or at the end."""
    section = f"### {title}\n\n{head}\n\n{body}\n"
    print(section, flush=True)
    if path is None:
        return
    text = open(path).read() if os.path.exists(path) else ""
    old = re.compile(rf"^### {re.escape(title)}\n.*?(?=^##|\Z)", re.MULTILINE | re.DOTALL)
    if old.search(text):
        text = old.sub(lambda _: section + "\n", text, count=1)
    else:
        text = (text.rstrip("\n") + "\n\n" + section).lstrip("\n")
    with open(path, "w") as file:
        file.write(text.rstrip("\n") + "\n")


def command():
    """The command as it was typed, less where its tables go."""
    words, found = sys.argv[1:], []
    while words:
        word = words.pop(0)
        if word == "--markdown":
            words = words[1:]
        elif not word.startswith("--markdown="):
            found.append(word)
    return " ".join([f"scripts/bench/{os.path.basename(sys.argv[0])}", *map(shlex.quote, found)])
