"""Compression libraries, each in an environment of its own.

``registry`` says what a library offers and which interpreter runs it; nothing there imports a library.
Every other module is imported by a job inside the library's environment, so apart from that environment's
torch, transformers and safetensors it uses the standard library only: numpy, filelock and the rest of our
own dependencies are other versions there, or absent.
"""
