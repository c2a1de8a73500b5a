"""Groups of commands: loaded only when they are called, and helpful about a name that does not exist."""

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

import click

__all__ = ["CommandGroup", "LazyGroup", "Section"]

Section = tuple[str, Mapping[str, str]]
"""A heading, and the commands under it: what each does, by name."""

_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class CommandGroup(click.Group):
    """A group that answers an unknown command with the one that was probably meant."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, context_settings=kwargs.pop("context_settings", _CONTEXT), **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they were defined: that of their use."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown name is a usage error that says what there is."""
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            close = get_close_matches(name[:64].lower(), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
            raise click.UsageError(f"There is no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(CommandGroup):
    """A group whose commands are modules of one package, imported when called: help must not wait for Kafka clients.

    A command `dead-letters` is the object `dead_letters` of the module `dead_letters`.
    """

    def __init__(self, *args: Any, package: str, sections: tuple[Section, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, section by section."""
        return [name for _heading, commands in self.sections for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"{self._package}.{name}"), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self._package}.{name}.{name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sections, without importing a single command."""
        widest = max(map(len, self.list_commands(ctx)))
        for heading, commands in self.sections:
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(widest), meaning) for name, meaning in commands.items()])
