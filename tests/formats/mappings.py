"""Mappings as people would write them, and readers made of them."""

from streams.formats.inputs.shapes import records_of
from streams.formats.mapped.mapped import MappedReader
from streams.formats.mapped.mapping_file import parse_mapping
from streams.formats.reader import Reading
from streams.formats.tally import Tally, read_lines

__all__ = ["POSTS", "mapped", "read_text"]

POSTS = """
platform = "vk"
kind = { column = "type", values = { message = "post", forward = "retweet", service = "skip" } }
zone = "+03:00"

[fields]
id = ["message id", "mid"]
at = { column = "sent", format = "%d.%m.%Y %H:%M" }
observed_at = { column = "seen", format = "unix" }
actor.id = "channel.id"
actor.handle = "channel.name"
actor.name = "channel.title"
actor.created_at = "channel.since"
actor.followers = "channel.subscribers"
actor.verified = "channel.verified"
subject.id = "from.id"
subject.handle = "from.name"
post_id = "from.message"
text = "text"
lang = "lang"
links = { column = "links[*].href", separator = " " }
mentions.id = "mentions[*].id"
mentions.handle = "mentions[*].name"
reply_to.post_id = "reply.id"
reply_to.account.id = "reply.channel"
quotes.post_id = "quote[0].id"
quotes.handle = "quote[0].name"
"""


def mapped(toml: str) -> MappedReader:
    """A reader with that mapping."""
    return MappedReader("mapped:test.toml", parse_mapping(toml, "test.toml"))


def read_text(text: str, reader: MappedReader) -> tuple[Tally, list[Reading]]:
    """What each record of a file with that text is."""
    tally = Tally()
    *_, lines = records_of(iter([text.encode()]))
    return tally, [reading for _, reading in read_lines(lines, reader, tally)]
