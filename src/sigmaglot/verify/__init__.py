"""Run the queries of rules on events that tell right from wrong, and compare with the rules."""
