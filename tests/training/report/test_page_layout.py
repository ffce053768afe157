"""The report in a real browser: on a phone, on a screen and on paper nothing is cut off, clipped or broken apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import browser_layout
import numpy as np
import pytest
from browser_layout import Layout
from example_report import closer, facts, full, rows

from training.charts.text_width import lines, shortened, text_width, with_fixed_widths
from training.evaluate.evaluate import evaluate
from training.evaluate.importance import GlobalImportance
from training.evaluate.partial_dependence import DependenceStep, PartialDependence
from training.monitoring.result import EarlyWeek, InputDrift, MonitoringFigures
from training.report.facts import ReportedGate, ReportedSecondQuestion, ReportFacts
from training.report.report import report_page
from training.report.soft_breaks import soft_breaks
from training.wording.report_warnings import ReportedField

STEAMSHIP = "Donaudampfschifffahrtsgesellschaftskapitän"
BOARD = "Geschäftsführungsangelegenheiten und Aufsichtsratsvergütungsfragen im Maschinenbau"
COLUMN = "letzte_werbekampagne_der_muttergesellschaft_im_vorletzten_quartal"


def german() -> ReportFacts:
    """A report with names as long as a German company gives them, everywhere where names come from a user."""
    probability, won, lead = rows()
    long = [GlobalImportance(f"d{n}", f"{BOARD} {n}", "trait", 0.3 - n / 60, n / 60 - 0.3) for n in range(15)]
    steps = tuple(DependenceStep(f"{STEAMSHIP} und Stellvertretung {n}", 40, -0.4, 0.1, 0.6) for n in range(4))
    groups = tuple(
        replace(group, family=f"size ({COLUMN})", level=f"{STEAMSHIP} {n}", kept=kept)
        for n, (group, kept) in enumerate(
            zip(closer().groups * 2, ("kept", "too much", "too little", "kept"), strict=True)
        )
    )
    began = datetime(2025, 9, 1, tzinfo=UTC)
    weeks = tuple(EarlyWeek(began + timedelta(days=7 * n), 9.5, 8 + n, 4.0, 16.0) for n in range(11))
    drifts = tuple(InputDrift(f"{COLUMN}_{n}", "x", "x", 0.3 - n / 50, 0.02, 0.0, 0.0) for n in range(14))
    return replace(
        full(),
        bar=0.6,
        gates=(ReportedGate("not_worse_than_champion", False, 0.02, 0.01, f"Auf {STEAMSHIP} gerechnet."),),
        second=ReportedSecondQuestion((f"If tried now: {BOARD}.",), tried=620, shift=2.0, shift_error=0.1),
        evaluation=evaluate(*rows(60), resamples=5),
        identity=replace(full().identity, name="Industrieversicherungsgesellschaft Nordrhein-Westfalen"),
        outcome="Versicherungsvertragsunterzeichnung",
        drivers=tuple(long),
        dependence=tuple(PartialDependence("x", f"{BOARD} {n}", STEAMSHIP, steps) for n in range(3)),
        findings=replace(closer(), groups=groups),
        left_out=(ReportedField(COLUMN, f"wird erst nach dem Erstgespräch vom {STEAMSHIP} ausgefüllt", 0.93),),
        watch_pictured=MonitoringFigures(drifts, evaluate(probability, won, lead, resamples=5), weeks),
    )


@pytest.fixture(scope="module", params=["usual", "german"])
def laid_out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Layout]:
    if browser_layout.chromium() is None:
        pytest.skip("Chromium is not installed here: apt-get install chromium")
    page = report_page({"usual": full, "german": german}[request.param]())
    return browser_layout.layouts(page, tmp_path_factory.mktemp("browser"))


@pytest.mark.parametrize("place", ["phone", "screen", "paper"])
def test_nothing_is_cut_off_clipped_or_broken_apart(laid_out: dict[str, Layout], place: str) -> None:
    seen = laid_out[place]
    assert seen.pictures >= 8
    assert seen.needed <= seen.width, "nobody scrolls sideways"
    assert seen.cut == []
    assert seen.outside == [], "labels lie inside their picture"
    assert seen.touching == [], "labels do not lie on each other"
    assert seen.broken == []


def test_a_phone_gets_pictures_of_its_own_that_need_no_shrinking() -> None:
    page = report_page(facts())
    assert page.count('<div class="wide">') == page.count('<div class="narrow">') > 0


def test_a_text_is_as_wide_as_its_layout_took_it_to_be() -> None:
    assert text_width("of 100", 11) == pytest.approx(11 * (0.556 + 0.278 + 0.278 + 3 * 0.556))
    assert text_width("ä", 10) == text_width("a", 10)
    assert text_width("顧客", 10) == 20
    svg = with_fixed_widths('<text font-size="10px">a &amp; b</text><text font-size="20px"><tspan>ab</tspan></text>')
    assert 'textLength="23.4" lengthAdjust="spacingAndGlyphs">a &amp; b<' in svg
    assert '<tspan textLength="22.2" lengthAdjust="spacingAndGlyphs">ab<' in svg


def test_a_long_name_is_written_in_lines_and_its_rest_left_out() -> None:
    assert lines("one two three", 45) == ["one two", "three"]
    assert len(lines(BOARD, 100, most=2)) == 2
    for line in (*lines(BOARD, 100, most=2), shortened(STEAMSHIP, 60)):
        assert text_width(line, 11) <= 100
        assert line
    assert shortened("short", 60) == "short"


def test_only_very_long_words_are_hyphenated_and_numbers_never() -> None:
    assert soft_breaks("Geschäftsführung 1,234.567 a.b") == "Geschäftsführung 1,234.567 a.<wbr>b"
    assert soft_breaks(STEAMSHIP).count("\u00ad") == 3
    assert soft_breaks("<b>_x") == "&lt;b&gt;_<wbr>x"


def test_names_that_are_shortened_to_the_same_keep_a_row_each() -> None:
    drawn = report_page(german())
    assert np.all([drawn.count(f"{STEAMSHIP[:6]}") > 8])
