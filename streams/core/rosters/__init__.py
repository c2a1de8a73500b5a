"""Rosters: who is an official, when, and the file and the topic that say so."""
