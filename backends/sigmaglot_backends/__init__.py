"""The languages that Sigmaglot writes, one package each; they never import one another."""
