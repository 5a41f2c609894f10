"""Functions that are risky to call, by dotted name: policy that reviewers and checker share."""

from __future__ import annotations

CODE = frozenset({"builtins.eval", "builtins.exec"})
UNPICKLE = frozenset(
    {
        *(
            f"{module}.{name}"
            for module in ("pickle", "_pickle", "cloudpickle", "dill")
            for name in ("load", "loads")
        ),
        "pickle.Unpickler",
        "_pickle.Unpickler",
        "dill.Unpickler",
        "marshal.load",
        "marshal.loads",
        "shelve.open",
        "joblib.load",
    }
)
SHELL_ALWAYS = frozenset(
    {
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "asyncio.create_subprocess_shell",
    }
)
SHELL_BY_OPTION = frozenset(
    f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")
)
YAML_UNSAFE = frozenset({"yaml.unsafe_load", "yaml.unsafe_load_all"})
YAML_BY_LOADER = frozenset({"yaml.load", "yaml.load_all"})
SAFE_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})
WEAK_HASHES = frozenset({"hashlib.md5", "hashlib.sha1"})
TAR_OPENERS = frozenset({"tarfile.open", "tarfile.TarFile", "tarfile.TarFile.open"})
NO_TLS = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})
HTTP = frozenset(
    f"{module}.{verb}"
    for module in ("requests", "httpx")
    for verb in (
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "request",
        "Client",
        "AsyncClient",
    )
)
TEMPORARY_NAMES = frozenset({"tempfile.mktemp"})
MUTABLE_MAKERS = frozenset({"list", "dict", "set", "bytearray"})
"""Built-ins whose result, as a default argument, is shared between calls."""
BROAD_EXCEPTIONS = frozenset({"Exception", "BaseException"})
