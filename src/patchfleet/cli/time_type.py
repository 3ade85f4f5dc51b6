"""Days and times on the command line."""

from datetime import UTC, datetime, timedelta

import click


class Moment(click.ParamType[datetime]):
    """A day or a time, in UTC unless a zone is given; a day means its end."""

    name = "WHEN"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Parse a day or a time."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is not a time: use 2026-03-14 or 2026-03-14T08:00", param, ctx)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        is_day = len(text) <= len("2026-03-14")
        return at + timedelta(days=1, microseconds=-1) if is_day else at
