"""For each rule: sources that break it, and sources that only look so.

``§`` marks where the finding belongs, or where a false one is claimed; the symbol is what the place is in.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """A marked source, and the symbol of the finding at the mark."""

    source: str
    symbol: str


def branches(count: int, name: str = "f", indent: str = "") -> str:
    """A function with ``count`` branches: of cyclomatic complexity ``count + 1``."""
    body = "".join(f"{indent}    if x == {number}:\n{indent}        x += 1\n" for number in range(count))
    return f"{indent}def {name}(x):\n{body}{indent}    return x\n"


BROKEN: dict[str, list[Case]] = {
    "C101": [
        Case("§" + branches(10), "f"),
        Case("class A:\n    §" + branches(19, "g", "    ").lstrip(), "A.g"),
        Case("def outer():\n    §" + branches(12, "inner", "    ").lstrip(), "outer.inner"),
        Case("@wraps\n§async " + branches(11), "f"),
    ],
    "C102": [Case("§" + branches(25), "f")],
    "C103": [Case("§" + branches(40), "f"), Case("§" + branches(400), "f")],
    "R101": [
        Case("def f(x):\n    return §eval(x)\n", "f"),
        Case("§exec(open('x').read())\n", "<module>"),
        Case("import builtins as b\nclass A:\n    def f(self, x):\n        §b.eval(x)\n", "A.f"),
        Case("x = '4'\ny = [§eval(f'{x}') for _ in ()]\n", "<module>"),
        Case("ä = 'ü'; §eval(ä)\n", "<module>"),
    ],
    "R102": [
        Case("import pickle\ndef f(data):\n    return §pickle.loads(data)\n", "f"),
        Case("from marshal import loads as read\n§read(b'')\n", "<module>"),
        Case("def f(file):\n    import dill as d\n    return §d.load(file)\n", "f"),
    ],
    "R103": [
        Case("import os\ndef f(x):\n    §os.system('rm ' + x)\n", "f"),
        Case("import subprocess as sp\nsp.run(['ls'])\n§sp.run(cmd, shell=True)\n", "<module>"),
        Case(
            "from subprocess import (\n    Popen,\n)\n§Popen(\n    args=cmd,\n    shell=True,\n)\n",
            "<module>",
        ),
        Case("import os\n§os.popen(f'ls {x}').read()\n", "<module>"),
    ],
    "R104": [
        Case("import os\n§os.system('cls')\n", "<module>"),
        Case("import subprocess\n§subprocess.call('ls | wc', shell=True)\n", "<module>"),
    ],
    "R105": [
        Case("import yaml\n§yaml.load(text)\n", "<module>"),
        Case("import yaml\n§yaml.load(text, Loader=yaml.UnsafeLoader)\n", "<module>"),
        Case("from yaml import unsafe_load\n§unsafe_load(text)\n", "<module>"),
        Case("try:\n    import yaml\nexcept ImportError:\n    yaml = None\n§yaml.load(text)\n", "<module>"),
    ],
    "R106": [
        Case("def f():\n    try:\n        g()\n    §except:\n        return 1\n", "f"),
        Case("try: g()\n§except: h()\n", "<module>"),
    ],
    "R107": [
        Case("try:\n    g()\n§except:\n    pass\n", "<module>"),
        Case("try:\n    g()\n§except (ValueError, Exception) as e:\n    # nothing\n    ...\n", "<module>"),
        Case("class A:\n    try: g()\n    §except BaseException: pass\n", "A"),
    ],
    "R108": [
        Case("def f(x=§[]):\n    return x\n", "f"),
        Case("class A:\n    def f(self, *, a=1, b: dict = §{'x': 1}):\n        return b\n", "A.f"),
        Case("def f(\n    x=§list(),\n    _cache={},\n):\n    return x\n", "f"),
        Case("async def f(x=§{i for i in ()}):\n    return x\n", "f"),
    ],
    "R109": [
        Case("§assert (x, 'message')\n", "<module>"),
        Case("def f(x):\n    if x: §assert (x > 1, 'text'); g()\n", "f"),
    ],
    "R110": [
        Case("def f(x):\n    '''Doc.'''\n    §assert x > 0, 'positive'\n    return x\n", "f"),
        Case("class A:\n    def f(self, *rest, key=None):\n        §assert isinstance(key, str)\n", "A.f"),
    ],
    "R111": [Case("import tempfile\nname = §tempfile.mktemp()\n", "<module>")],
    "R112": [
        Case("import tarfile\nwith tarfile.open(p) as tar:\n    §tar.extractall(d)\n", "<module>"),
        Case("import tarfile as t\ndef f():\n    a = t.open(p)\n    §a.extractall()\n", "f"),
        Case("import tarfile\n§tarfile.open(p).extractall(d)\n", "<module>"),
    ],
    "R113": [
        Case("import hashlib\n§hashlib.md5(b'').hexdigest()\n", "<module>"),
        Case("from hashlib import sha1\nh = §sha1()\n", "<module>"),
    ],
    "R114": [
        Case("import ssl\nc = §ssl._create_unverified_context()\n", "<module>"),
        Case("import requests\nrequests.get(u)\n§requests.post(u, verify=False)\n", "<module>"),
    ],
    "R115": [
        Case("if §x is 'a':\n    pass\n", "<module>"),
        Case("def f(x):\n    return §x is not 1\n", "f"),
    ],
    "D101": [
        Case("§import os\nos.sep\n", "<module>"),
        Case("# comment\n\n§x = 'not a docstring'\n", "<module>"),
    ],
    "D102": [
        Case("'''M.'''\n§class A:\n    pass\n", "A"),
        Case("'''M.'''\nclass A:\n    '''D.'''\n    §class B: x = 1\n", "A.B"),
        Case("'''M.'''\n@decorate\n§class A(Base): f'{1}'\n", "A"),
    ],
    "D103": [
        Case("'''M.'''\n§def f(x: int = 1) -> dict[str, int]:\n    return {}\n", "f"),
        Case("'''M.'''\nclass A:\n    '''D.'''\n    §async def g(self): return 1\n", "A.g"),
        Case("'''M.'''\n__all__ = ['f']\n§def f():\n    'doc'.upper()\ndef g():\n    return 1\n", "f"),
        Case("'''M.'''\nif x:\n    §def f():\n        b'''bytes'''\n", "f"),
        Case("'''M.'''\nclass A(metaclass=M):\n    '''D.'''\n    §def g(self):\n        return 1\n", "A.g"),
    ],
    "U101": [
        Case("§import os\n", "os"),
        Case("§from a.b import (\n    c as d,\n    e,\n)\ne()\n", "d"),
        Case("def f():\n    §import os.path\n    return 1\n", "f.os"),
        Case("import os\n§import sys\ndef f(sys=1):\n    return os.sep\n", "sys"),
        Case("'''Talks of os.'''\n§import os\nx.os = 'os error'\ny(os=1)\n", "os"),
    ],
    "U102": [
        Case("def f():\n    §x = g()\n    return 1\n", "f.x"),
        Case("def f():\n    try:\n        g()\n    §except ValueError as e:\n        return 1\n", "f.e"),
        Case("def f():\n    §x: int = 1\n    def g(x):\n        x = 2\n    g(x=3)\n", "f.x"),
        Case("def f():\n    y = §x = 1\n    return y\n", "f.x"),
        Case(
            "class A:\n    def f(self):\n        §x = 1\n        self.x = 2\n        return A(x=3)\n", "A.f.x"
        ),
    ],
    "U103": [
        Case("§def _f():\n    return 1\n", "_f"),
        Case("§class _A:\n    pass\n", "_A"),
        Case("class A:\n    §def __f(self):\n        return 1\n", "A.__f"),
    ],
    "U104": [
        Case("def f():\n    return 1\n    §g()\n    h()\n", "f"),
        Case("def f(x):\n    if x:\n        return 1\n    else:\n        raise E\n    §g()\n", "f"),
        Case(
            "def f():\n    while True:\n        g()\n        for x in y:\n            break\n    §h()\n", "f"
        ),
        Case("for x in y:\n    continue\n    §z()\n", "<module>"),
        Case("if 0:\n    §g()\n", "<module>"),
        Case("def f():\n    return 1; §g()\n", "f"),
        Case("def f():\n    raise E\n    §def g():\n        return 1\n", "f.g"),
        Case("async def f():\n    async with a:\n        return 1\n        §await b\n", "f"),
    ],
}

HARMLESS: dict[str, list[Case]] = {
    "C101": [
        Case("§" + branches(9), "f"),
        Case(
            "def outer():\n    if 1:\n        §"
            + branches(5, "inner", "        ").lstrip()
            + "    return 1\n",
            "outer.inner",
        ),
        Case("§x = 1\n", "<module>"),
    ],
    "C102": [Case("§" + branches(15), "f")],
    "C103": [Case("§" + branches(35), "f")],
    "R101": [
        Case("§eval('1 + 1')\n", "<module>"),
        Case("def f(eval, x):\n    return §eval(x)\n", "f"),
        Case("def eval(x):\n    return x\n§eval(y)\n", "<module>"),
        Case("class A:\n    def f(self, x):\n        return self.§eval(x)\n", "A.f"),
        Case("class A:\n    def §eval(self, x):\n        return x\n", "A.eval"),
        Case("x = '§eval(y)'\n", "<module>"),
        Case("x = 1  # §eval(y)\n", "<module>"),
        Case("from ast import literal_eval as eval\n§eval(x)\n", "<module>"),
        Case("f = §eval\n", "<module>"),
    ],
    "R102": [
        Case("import json\n§json.loads(x)\n", "<module>"),
        Case("import pickle\n§pickle.dumps(x)\n", "<module>"),
    ],
    "R103": [
        Case("import os\n§os.system('cls')\n", "<module>"),
        Case("import subprocess\n§subprocess.run(cmd)\n", "<module>"),
        Case("import subprocess\n§subprocess.run(cmd, shell=False)\n", "<module>"),
        Case("import subprocess\nx = {}\n§subprocess.run(cmd, env=dict(shell=True))\n", "<module>"),
    ],
    "R104": [
        Case("import os\nx = 1\n§os.getenv('cls')\n", "<module>"),
        Case("import subprocess\n§subprocess.run(['ls'])\n", "<module>"),
    ],
    "R105": [
        Case("import yaml\n§yaml.safe_load(text)\n", "<module>"),
        Case("import yaml\n§yaml.load(text, yaml.SafeLoader)\n", "<module>"),
        Case("from yaml import load, CSafeLoader\n§load(text, Loader=CSafeLoader)\n", "<module>"),
    ],
    "R106": [
        Case("try:\n    g()\n§except:\n    h()\n    raise\n", "<module>"),
        Case("try:\n    g()\n§except Exception:\n    h()\n", "<module>"),
        Case("try:\n    g()\n§finally:\n    h()\n", "<module>"),
    ],
    "R107": [
        Case("try:\n    g()\n§except KeyError:\n    pass\n", "<module>"),
        Case("try:\n    g()\n§except Exception:\n    log()\n", "<module>"),
        Case("if x:\n    §pass\n", "<module>"),
    ],
    "R108": [
        Case("def f(x=§()):\n    return x\n", "f"),
        Case("def f(x=§None):\n    return x or []\n", "f"),
        Case("def f(x=(1, §[])):\n    return x\n", "f"),
        Case("x = f(y=§[])\n", "<module>"),
        Case("def f(x):\n    return g(x=§[])\n", "f"),
    ],
    "R109": [
        Case("§assert x, 'message'\n", "<module>"),
        Case("§assert (x), 'message'\n", "<module>"),
        Case("§assert (f(x, y))\n", "<module>"),
        Case("§assert (x, y) == z\n", "<module>"),
    ],
    "R110": [
        Case("def _f(x):\n    §assert x\n", "_f"),
        Case("def f(x):\n    y = g(x)\n    §assert x\n    return y\n", "f"),
        Case("def f():\n    §assert y\n", "f"),
        Case("class A:\n    def f(self):\n        §assert self.x\n", "A.f"),
        Case("§assert x\n", "<module>"),
    ],
    "R111": [Case("import tempfile\n§tempfile.mkstemp()\n", "<module>")],
    "R112": [
        Case(
            "import tarfile\nwith tarfile.open(p) as tar:\n    §tar.extractall(d, filter='data')\n",
            "<module>",
        ),
        Case("import zipfile\nwith zipfile.ZipFile(p) as z:\n    §z.extractall(d)\n", "<module>"),
        Case("import tarfile\n§tarfile.open(p).getnames()\n", "<module>"),
    ],
    "R113": [
        Case("import hashlib\n§hashlib.md5(b'', usedforsecurity=False)\n", "<module>"),
        Case("import hashlib\n§hashlib.sha256(b'')\n", "<module>"),
    ],
    "R114": [
        Case("import ssl\n§ssl.create_default_context()\n", "<module>"),
        Case("import requests\n§requests.get(u, verify=True)\n", "<module>"),
    ],
    "R115": [
        Case("if §x is None:\n    pass\n", "<module>"),
        Case("if §x is True or x is not y:\n    pass\n", "<module>"),
        Case("if §x == 'a':\n    pass\n", "<module>"),
    ],
    "D101": [
        Case("§'''Doc.'''\nx = 1\n", "<module>"),
        Case("# comment\n§r'''Doc.'''; x = 1\n", "<module>"),
        Case("§('Doc '\n 'in two.')\n", "<module>"),
    ],
    "D102": [
        Case("'''M.'''\n§class A:\n    '''D.'''\n", "A"),
        Case("'''M.'''\n§class _A:\n    pass\n", "_A"),
        Case("'''M.'''\ndef _f():\n    §class A:\n        pass\n", "_f.A"),
        Case("'''M.'''\n__all__ = ['B']\n§class A:\n    pass\n", "A"),
    ],
    "D103": [
        Case("'''M.'''\n§def f(): 'D.'\n", "f"),
        Case("'''M.'''\n§def f(x={1: lambda: 2}) -> 'str':\n    # first\n    '''D.'''\n", "f"),
        Case("'''M.'''\nclass A(B):\n    '''D.'''\n    §def f(self):\n        return 1\n", "A.f"),
        Case("'''M.'''\nclass A:\n    '''D.'''\n    §def __init__(self):\n        return\n", "A.__init__"),
        Case("'''M.'''\n@overload\n§def f():\n    ...\n", "f"),
        Case(
            "'''M.'''\nclass A:\n    '''D.'''\n    @x.setter\n    §def x(self, value):\n        return\n",
            "A.x",
        ),
        Case("'''M.'''\n__all__ = ['g']\n§def f():\n    return 1\n", "f"),
        Case("'''M.'''\ndef f():\n    '''D.'''\n    §def g():\n        return 1\n", "f.g"),
    ],
    "U101": [
        Case("§import os\nprint(os.sep)\n", "os"),
        Case("§import os\n__all__ = ['os']\n", "os"),
        Case("§import os\n__all__ += ('os',)\n", "os"),
        Case(
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    §from a import B\ndef f(x: 'list[B]'): ...\n",
            "B",
        ),
        Case("from __future__ import annotations\n§from a import B\ndef f(x: B | None = None): ...\n", "B"),
        Case("from __future__ import annotations\n§from a import B\nx: dict[str, B] = {}\n", "B"),
        Case("§from a import B\nx = cast('B', y)\n", "B"),
        Case("§from a import B\nx = []  # type: list[B]\n", "B"),
        Case("def f():\n    §import os\n    def g():\n        return os.sep\n    return g\n", "f.os"),
        Case("§import os\nclass A:\n    x = os.sep\n", "os"),
        Case("§import os\ndel os\n", "os"),
        Case("§import os\nprint(globals()['os'])\n", "os"),
        Case("§import os\ndef f():\n    global os\n    os = None\n    return os\n", "os"),
        Case("§import sys\nprint(sys)\nimport os\nos\n", "os"),
        Case("§x = 1\n", "os"),
    ],
    "U102": [
        Case("def f():\n    §x = 1\n    return x\n", "f.x"),
        Case("def f():\n    §x = 1\n    return lambda: x\n", "f.x"),
        Case("def f():\n    §x = 1\n    return locals()\n", "f.x"),
        Case("def f():\n    global x\n    §x = 1\n", "f.x"),
        Case(
            "def f():\n    x = 0\n    def g():\n        nonlocal x\n        §x = 1\n    return g, x\n",
            "f.g.x",
        ),
        Case("def f():\n    §x = 1\n    x += 1\n", "f.x"),
        Case("def f():\n    §x = g()\n    del x\n", "f.x"),
        Case("def f(x):\n    §x = None\n", "f.x"),
        Case("class A:\n    §x = 1\n", "A.x"),
        Case("def f():\n    try:\n        g()\n    §except E as e:\n        raise F from e\n", "f.e"),
        Case("def f():\n    §g(x=1)\n", "f.x"),
        Case("def f():\n    §x.y = 1\n", "f.x"),
    ],
    "U103": [
        Case("§def _f():\n    return 1\nprint(_f)\n", "_f"),
        Case("§def _f():\n    return 1\nx = getattr(m, '_f')\n", "_f"),
        Case("@register\n§def _f():\n    return 1\n", "_f"),
        Case("§def f():\n    return 1\n", "f"),
        Case("class A:\n    §def _f(self):\n        return 1\n", "A._f"),
        Case("class A:\n    §def __f(self):\n        return self.__f\n", "A.__f"),
        Case("class A:\n    §def __f(self):\n        return 1\nx._A__f()\n", "A.__f"),
        Case("§def _f():\n    return 1\nglobals()['_' + x]()\n", "_f"),
        Case("§def __getattr__(name):\n    return 1\n", "__getattr__"),
    ],
    "U104": [
        Case("def f(x):\n    if x:\n        return 1\n    §g()\n", "f"),
        Case("def f():\n    while True:\n        if g():\n            break\n    §h()\n", "f"),
        Case("def f():\n    return\n    §yield\n", "f"),
        Case("def f():\n    try:\n        return 1\n    finally:\n        §g()\n", "f"),
        Case("def f():\n    g(); §h()\n", "f"),
        Case("if x:\n    §g()\n", "<module>"),
        Case("def f():\n    g()\n    §global x\n", "f"),
        Case("def f():\n    with a:\n        raise E\n    §g()\n", "f"),
    ],
}
