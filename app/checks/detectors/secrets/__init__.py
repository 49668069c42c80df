"""Keys, tokens, passwords: shapes of providers' keys, passwords that are named, the plugins of detect-secrets."""
