from .options import ServeOptions
from .server_agent import ModelServer, ServedAt, WhereIs
from .serving import serving
from .sharing import local_model

__all__ = [
    "ModelServer",
    "ServeOptions",
    "ServedAt",
    "WhereIs",
    "local_model",
    "serving",
]
