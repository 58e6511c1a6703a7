"""ACBench: does a compressed language model still act like an agent?"""

__version__ = "0.1.0"
