from .topology import MOST_DEPTH, MOST_MEMBERS, Topology, signature_of, start_member

__all__ = [
    "MOST_DEPTH",
    "MOST_MEMBERS",
    "Topology",
    "signature_of",
    "start_member",
]
