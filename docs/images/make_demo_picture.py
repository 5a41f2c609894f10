"""Makes demo.svg, the picture in the README, from a real run of ``shoal demo``.

Run it from the root of the checkout, with shoal installed: ``python docs/images/make_demo_picture.py``. What is drawn
is what the command printed; only the frame is added, and the progress is left out, which is drawn over on a terminal.
Rich's link to a web font is left out, so that looking at the picture asks no server for anything.
"""

import contextlib
import io
import re
import shlex
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from typer import Typer

from shoal.runtime.terminal import output
from shoal.demo.command import demo

PICTURE = Path(__file__).resolve().with_name("demo.svg")
COLUMNS = 116


def main() -> None:
    """Run the demo with a console that records, and save what it recorded."""
    recording = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    output.Console = lambda **options: recording
    called = shlex.join(["shoal", "demo", *sys.argv[1:]]) if sys.argv[1:] else "make demo"
    recording.print(f"[bold green]$[/] [bold]{called}[/]\n")
    app = Typer()
    app.command()(demo)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        app(sys.argv[1:], standalone_mode=False)
    drawn = recording.export_svg(title="shoal demo", theme=MONOKAI)
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
