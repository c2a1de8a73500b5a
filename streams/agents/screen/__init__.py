"""SCREEN: reads the raw topics and writes what concerns officials and subjects."""
