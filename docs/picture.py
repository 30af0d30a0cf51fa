#!/usr/bin/env python3
"""Draws docs/tradexa.svg: what a terminal shows of a `tradexa insert`, in its colours.

From the project's folder: cargo build && docs/picture.py target/debug/tradexa
"""
import html
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

COMMAND = "tradexa --dir shop insert --from docs/export --delimiter ';' --ignore-extra-columns --rejects rejected"
COLUMNS = 120
CHARACTER, LINE, MARGIN = 7.3, 16, 14  # In pixels: the size of a character, and the space around them all.
ESCAPE = r"\x1b\[([0-9;]*)m"
# https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters
STYLES = {"1": 'font-weight="bold"', "31": 'fill="#ff7b72"', "32": 'fill="#56d364"', "33": 'fill="#e3b341"'}


def run_in_terminal(program, folder):
    """The lines that the command writes to a terminal, with their escape sequences."""
    os.symlink(pathlib.Path(__file__).resolve().parent, f"{folder}/docs")
    os.symlink(program, f"{folder}/tradexa")
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "TERM": "xterm-256color"}
    subprocess.run([program, "--dir", f"{folder}/shop", "init"], check=True, stdout=subprocess.DEVNULL)
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve("/bin/sh", ["sh", "-c", f"stty columns {COLUMNS} && exec {COMMAND}"], environment)
    output = b""
    while read := read_some(terminal):
        output += read
    os.waitpid(process, 0)
    return output.decode().replace("\r", "").strip("\n").split("\n")


def read_some(terminal):
    """Bytes from a terminal; none once the program has ended, which Linux calls an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def draw(line, row):
    """A line of the terminal as elements of the picture, one for each run of characters in one style."""
    elements, styles, column = [], [], 0
    for place, piece in enumerate(re.split(ESCAPE, line)):
        if place % 2 == 1:
            styles = [] if piece in ("", "0") else styles + [STYLES[number] for number in piece.split(";")]
        elif piece:
            x, y = MARGIN + column * CHARACTER, MARGIN + (row + 1) * LINE
            attributes = " ".join([f'x="{x:.1f}" y="{y}" textLength="{len(piece) * CHARACTER:.1f}"', *styles])
            elements.append(f"<text {attributes}>{html.escape(piece, quote=False)}</text>")
            column += len(piece)
    return "".join(elements)


with tempfile.TemporaryDirectory() as folder:
    lines = [f"$ {COMMAND}", *run_in_terminal(pathlib.Path(sys.argv[1]).resolve(), folder)]
width, height = COLUMNS * CHARACTER + 2 * MARGIN, len(lines) * LINE + 2.5 * MARGIN
picture = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" font-size="12" fill="#e6edf3"'
    ' font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" xml:space="preserve">',
    '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
    *(draw(line, row) for row, line in enumerate(lines) if line),
    "</svg>\n",
]
pathlib.Path(__file__).with_name("tradexa.svg").write_text("\n".join(picture), encoding="utf-8")
