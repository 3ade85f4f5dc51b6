"""Days and times on the command line."""

import re
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


class Since(click.ParamType[datetime]):
    """The beginning of a period: 12h or 7d ago, a time, or a day, which means its start."""

    name = "WHEN"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Parse how long ago, a day, or a time."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        ago = re.fullmatch(r"(\d{1,6})([hdw])", text)
        if ago:
            unit = {"h": "hours", "d": "days", "w": "weeks"}[ago[2]]
            try:
                return datetime.now(UTC) - timedelta(**{unit: int(ago[1])})
            except OverflowError:
                self.fail(f"{text!r} is before the calendar begins: use 7d", param, ctx)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is not a time: use 7d, 12h or 2026-03-14", param, ctx)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at
