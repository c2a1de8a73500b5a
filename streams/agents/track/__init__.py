"""TRACK: keeps the state of each subject, and writes dossiers and alerts."""
