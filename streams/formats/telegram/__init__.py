"""Exports of Telegram Desktop and messages of Telethon."""
