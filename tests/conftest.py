"""Being here puts ``tests/`` on the import path, so that test modules of all folders share its builders."""
