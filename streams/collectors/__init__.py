"""Collectors: supervised services that read a live source and write its events to the raw topics."""
