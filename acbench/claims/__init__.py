"""The paper's claims C1-C23 as tests of the runs at hand (docs/claims.md)."""
