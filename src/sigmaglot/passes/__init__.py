"""Tree to tree: simplify, and legalise for a language. Each pass keeps or bounds the meaning."""
