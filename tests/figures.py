"""Figures that tests measure, printed at the end of a run: `record_property(FIGURE, "…")`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from _pytest.terminal import TerminalReporter

FIGURE = "figure"


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print them whether the tests passed or not; workers of xdist send them with their reports."""
    reports = [report for outcome_reports in terminalreporter.stats.values() for report in outcome_reports]
    figures = [
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == FIGURE
    ]
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write("".join(f"{figure}\n" for figure in figures))


def read_figures(report: Path) -> list[str]:
    """Return the figures in a report that pytest wrote as JUnit's XML."""
    properties = ElementTree.parse(report).iterfind(f".//property[@name='{FIGURE}']")
    return [value.get("value", "") for value in properties]
