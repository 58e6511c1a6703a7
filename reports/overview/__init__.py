"""One page per model that a person reads first: verdicts, capabilities, cost, and what predicts the losses."""

from reports.overview.page import file_name, models, overview_html, write_overviews

__all__ = ["file_name", "models", "overview_html", "write_overviews"]
