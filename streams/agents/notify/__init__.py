"""NOTIFY: sends alerts to Alertmanager."""
