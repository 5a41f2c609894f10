"""How the checker confirms findings: one module a family, each by another route than the check that found it.

====================  ==========================================  ============================================
family                the reviewer                                the checker
====================  ==========================================  ============================================
complexity            radon over the syntax tree                  keywords counted among the tokens
risky calls           syntax tree, names through imports          tokens, and the compiler's symbol table
risky statements      syntax tree                                 tokens and indentation
docstrings            syntax tree                                 first token of the body
unused names          reads collected over the syntax tree        symbol table, words, the other modules
unreachable code      control flow over the syntax tree           the bytecode: dropped code has no line in it
====================  ==========================================  ============================================

Each ``verify(view, finding)`` returns why the finding is wrong, or ``None``.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
