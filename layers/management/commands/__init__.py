"""Commands named in the contract."""
