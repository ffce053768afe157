"""The report: what it says, what it warns of, and that the page stands alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from math import log
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from example_report import DRIVERS, NASTY, closer, facts, full, rows

from training.charts import axes, breakdown, charts
from training.charts.charts import NotebookCharts, caption
from training.evaluate.breakdown import Breakdown
from training.evaluate.comparison import ComparedModel
from training.evaluate.evaluate import evaluate
from training.evaluate.importance import POINTS, GlobalImportance, global_importances
from training.report import threshold_chart
from training.report.bar_earnings import bar_earnings, best_bar, earnings_sentence
from training.report.facts import ModelIdentity, ReportedCosts, ReportFacts
from training.report.report import report_charts, report_page, report_warnings
from training.wording.report_warnings import ReportedField, ReportWarning, leak_warnings, quality_warnings
from training.wording.sentences import comparison_sentence, importance_sentence, ranking_sentence, top_scores_sentence


@pytest.fixture(scope="module")
def page() -> str:
    return report_page(full())


class Tags(HTMLParser):
    """Every tag with its attributes, and the void or closed balance of the rest."""

    VOID = frozenset({"meta", "br", "wbr", "link", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_fetches_nothing_and_runs_nothing(page: str) -> None:
    found = Tags(page)
    assert found.open == [], "every tag that opens closes"
    assert {tag for tag, _ in found.seen}.isdisjoint({"script", "link", "img", "iframe", "object", "a", "image", "use"})
    names = {name for _, attributes in found.seen for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in {"href", "src", "xlink:href"}]
    assert set(re.findall(r'[\w:]+="https?://[^"]*"', page)) <= {
        'xmlns="http://www.w3.org/2000/svg"',
        'xmlns:xlink="http://www.w3.org/1999/xlink"',
    }
    assert "url(" not in page
    assert "@import" not in page


def test_the_page_answers_its_questions_in_order(page: str) -> None:
    assert re.findall(r"<h2>(.*?)</h2>", page) == [
        "What this model is",
        "Can you trust the number?",
        "Does it rank?",
        "Where to put the bar?",
        "What is it compared with?",
        "Does it hold for every group?",
        "Would it have held, month by month?",
        "What drives it?",
        "Since it was trained",
        "What was left out, and why",
    ]


def test_the_card_names_model_agreement_outcome_and_way_of_working(page: str) -> None:
    for said in ("default, version 17", "default, version 3", "sha256:" + "3f" * 32, "sha256:" + "b8" * 32,
                 "“Lead Converted” within 90 days", "as sales works its leads now", "3 spans in time order",
                 "2025-01-01", "9,000", "known until 2025-11-21"):  # fmt: skip
        assert said in page


def test_the_page_says_what_the_demo_says(page: str) -> None:
    sentence = re.sub(r'"([^"]*)"', r"“\1”", top_scores_sentence(facts().evaluation))
    assert sentence in page
    assert ranking_sentence(facts().evaluation) in page


def test_every_picture_has_one_sentence_on_what_to_see(page: str) -> None:
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert 2 * len(captions) == page.count("<svg") == 16, "each is drawn for a screen and for a phone"
    for said in captions:
        assert re.fullmatch(r"[A-Z][^.!?]+\.", said)


def test_what_strangers_wrote_is_shown_and_never_run() -> None:
    strange = replace(
        full(),
        identity=replace(facts().identity, name=NASTY),
        outcome=NASTY,
        drivers=(GlobalImportance("x", NASTY, "trait", 1, -1), *DRIVERS),
        left_out=(ReportedField(NASTY, NASTY),),
        put_back=(ReportedField(NASTY, NASTY, 0.9),),
        warnings=(NASTY,),
    )
    page = report_page(strange)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 8
    assert Tags(page).open == []


def test_facts_come_back_from_json_equal() -> None:
    assert ReportFacts.read(full().json()) == full()
    nothing = facts(evaluate([], [], []))
    assert ReportFacts.read(nothing.json()) == nothing


@pytest.mark.parametrize(
    ("probability", "outcome"),
    [([], []), ([0.3], [True]), ([0.2] * 20, [False] * 20), ([0.2] * 20, [True] * 20), ([0.0, 1.0], [False, True])],
    ids=["no rows", "one row", "nothing won", "all won", "certain"],
)
def test_thin_evaluations_still_make_a_page(probability: list[float], outcome: list[bool]) -> None:
    page = report_page(facts(evaluate(probability, outcome, range(len(outcome)), resamples=5)))
    assert Tags(page).open == []
    assert not re.search(r"\b(nan|NaN|None)\b", page)


def test_a_candidate_of_an_undated_history_with_nothing_to_show_still_makes_a_page() -> None:
    identity = ModelIdentity("default", None, None, None, "sha256:" + "b8" * 32, "few")
    page = report_page(
        ReportFacts(identity, "Converted", None, "random", "at random by lead", (), evaluate([], [], []))
    )
    assert Tags(page).open == []
    assert not re.search(r"\b(nan|NaN|None)\b", page)
    assert "default, a candidate" in page
    assert "“Converted” in the end" in page
    assert "<svg" not in page


def test_pictures_are_drawn_and_carry_no_marks_for_a_mouse() -> None:
    for name, drawn in report_charts(full()).items():
        assert ElementTree.fromstring(drawn).tag.endswith("svg"), name
        assert "NaN" not in drawn
        assert "undefined" not in drawn


def test_the_reliability_picture_shows_every_bin() -> None:
    evaluation = facts().evaluation
    chart = charts.reliability_chart(evaluation).to_dict()
    drawn = max(chart["datasets"].values(), key=len)
    assert [row["rows"] for row in drawn] == [b.count for b in evaluation.reliability]
    assert drawn[0]["lower"] == pytest.approx(100 * evaluation.reliability[0].lower)


def test_a_grey_print_tells_the_colours_apart() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    assert lightness(axes.LIGHT) - lightness(axes.DARK) > 0.35
    assert lightness(axes.PALE) - lightness(axes.DARK) > 0.45


def test_axis_names_never_touch() -> None:
    for top in (1, 5, 10, 40, 100):
        ticks = axes.square_root_ticks(top)
        assert ticks[0] == 0
        assert all(later**0.5 - sooner**0.5 > top**0.5 / 25 for sooner, later in pairwise(ticks))
        assert set(axes.square_root_ticks(top, 15)) <= set(ticks)


def test_drivers_by_hand() -> None:
    contributions = pd.DataFrame({"webinar": [0.2, -0.4], "pricing_page": [log(2), log(2)], "empty": [0.0, 0.0]})
    first, second, third = global_importances(
        contributions, {"webinar": "webinars"}, {"webinar": "behaviour", "empty": "trait"}
    )
    assert (first.name, first.label, first.strength * POINTS) == ("pricing_page", "pricing page", pytest.approx(10))
    assert (second.label, second.raises, second.lowers) == ("webinars", pytest.approx(0.1), pytest.approx(-0.2))
    assert (third.kind, third.strength) == ("trait", 0)
    assert "10.0 points on average" in importance_sentence((first, second, third))
    assert "every lead gets the average" in importance_sentence((third,))


def test_what_a_picture_leaves_out_is_summed_up() -> None:
    many = tuple(GlobalImportance(f"d{place}", f"driver {place}", "trait", 0.1, -0.1) for place in range(20))
    drawn = charts.svg(charts.importance_chart(many))
    assert "everything else (8)" in drawn
    assert "driver 11" in drawn
    assert "driver 12" not in drawn


def headings(found: list[ReportWarning]) -> list[str]:
    return [caution.heading for caution in found]


def test_an_honest_model_gets_no_caution() -> None:
    assert report_warnings(facts()) == []
    assert "Read this first" not in report_page(facts())


def test_suspects_put_back_are_named_with_why_the_figures_are_not_real() -> None:
    probability, won, lead = rows()
    leaking = evaluate(np.clip(0.9 * won + 0.05, 0, 1), won, lead, resamples=5)
    carried = (GlobalImportance("tags", "Tags", "trait", 3.0, -2.0), *DRIVERS)
    told = replace(
        facts(leaking), drivers=carried, put_back=(ReportedField("Tags", "wording that only a rep enters", 0.921),)
    )
    found = report_warnings(told)
    assert headings(found)[:3] == [
        "Fields under suspicion are in use",
        "Too good to be true",
        "One field carries the model",
    ]
    assert "Tags (alone ROC AUC 0.92). Why, for Tags: wording that only a rep enters." in found[0].text
    assert "tells the past, not the future" in found[0].text
    page = report_page(told)
    assert "not to be believed until the above is settled" in page
    assert page.index("Read this first") < page.index("What this model is")
    assert leak_warnings(evaluate(probability, won, lead, resamples=0), DRIVERS, ()) == []


def test_few_outcomes_no_dates_and_a_gap_are_each_said() -> None:
    few = evaluate(*rows(200), resamples=0)
    assert headings(quality_warnings(few, (), "random")) == ["Few outcomes", "Not tested in time"]
    probability, won, lead = rows(8000)
    off = evaluate(np.minimum(probability * 2, 1), won, lead, resamples=0)
    assert headings(quality_warnings(off, (), "time")) == ["The probabilities are off"]


def test_a_peer_that_does_better_is_not_hidden() -> None:
    def peer(name: str, label: str, low: float, high: float) -> ComparedModel:
        return ComparedModel(name, label, 0.8, 0.3, 0.2, 0.01, 3.0, (low + high) / 2, (low, high))

    ours = ComparedModel("ours", "Leadlight", 0.8, 0.3, 0.2, 0.01, 3.0)
    beaten = peer("constant", "The average rate for everybody", 0.01, 0.03)
    level = peer("lightgbm", "LightGBM as it comes", -0.01, 0.01)
    ahead = peer("logistic_regression", "Logistic regression", -0.03, -0.01)
    evaluation = facts().evaluation
    assert quality_warnings(evaluation, (ours, beaten, level), "time") == []
    assert comparison_sentence((ours, beaten, level)).endswith(
        '"LightGBM as it comes": the difference is within chance.'
    )
    assert comparison_sentence((ours, beaten)).endswith(
        '"The average rate for everybody": ours is better, by more than chance.'
    )
    assert headings(quality_warnings(evaluation, (ours, beaten, ahead), "time")) == ["A simpler way does better"]
    assert "better than ours" in comparison_sentence((ours, beaten, ahead))
    nothing = replace(beaten, excess_interval=(-0.01, 0.02))
    assert headings(quality_warnings(evaluation, (ours, nothing), "time")) == ["No better than the average"]
    assert "Nothing else" in comparison_sentence((ours,))


def test_what_train_has_to_say_stands_first() -> None:
    page = report_page(replace(facts(), warnings=("34 of 100 leads were never contacted.",)))
    assert page.index("34 of 100 leads were never contacted.") < page.index("What this model is")
    assert "not to be believed" not in page


def test_groups_months_and_arrival_are_told(page: str) -> None:
    for said in ("Looked at by source, in 2 groups: ", "At the moment they arrive", "with what was known then",
                 "Cox slope", "webinar", "2026-02", "The same at the moment of arrival", "neither level nor slope",
                 "63 of 100 leads that converted had a contact by sales before"):  # fmt: skip
        assert said in page


def test_leaks_and_what_is_watched_are_told(page: str) -> None:
    for said in ("its values say what became of the lead", "0.120", "More leads without an industry than then.",
                 "One thing moved by more than chance"):  # fmt: skip
        assert said in page


def test_money_is_said_only_where_the_agreement_names_costs(page: str) -> None:
    assert "At 60 USD a follow-up and 1,500 USD a conversion, a lead is worth its follow-up from 4.0 in 100 on." in page
    assert "what working them earns" in page
    assert "USD" not in report_page(facts())


def test_a_bar_earns_its_conversions_less_its_follow_ups() -> None:
    # of ten leads, the best two are worked: one converts
    evaluation = evaluate([0.9, 0.8, *[0.1] * 8], [True, False, *[False] * 8], range(10), resamples=0)
    ends = {round(one.share, 2): one.per_100 for one in bar_earnings(evaluation, ReportedCosts("EUR", 50, 1000))}
    assert ends[0.2] == pytest.approx((1000 - 2 * 50) * 10)
    assert ends[1.0] == pytest.approx((1000 - 10 * 50) * 10)
    top = best_bar(evaluation, ReportedCosts("EUR", 50, 1000))
    assert top
    assert (round(top.share, 2), top.bar) == (0.1, 0.9)
    assert "no bar would have earned anything" in earnings_sentence(evaluation, ReportedCosts("EUR", 2000, 1000))


def test_the_money_line_is_drawn_only_with_costs() -> None:
    evaluation = facts().evaluation
    drawn = charts.svg(threshold_chart.threshold_chart(evaluation, 0.2, ReportedCosts("USD", 60, 1500)))
    assert "USD per 100 leads" in drawn
    assert "USD" not in charts.svg(threshold_chart.threshold_chart(evaluation, 0.2))


def test_every_group_is_drawn_by_name_and_marked_where_it_is_off() -> None:
    off = replace(closer().groups[0], kept="too much")
    drawn = charts.svg(breakdown.segments_chart((off, *closer().groups[1:])))
    assert "webinar" in drawn
    assert drawn.count("promises too much") == 1


def test_a_group_and_a_level_that_are_off_are_cautioned() -> None:
    off = replace(closer(), groups=(replace(closer().groups[0], kept="too little"), *closer().groups[1:]))
    found = report_warnings(replace(full(), findings=off))
    assert headings(found) == ["Not every group is promised the truth"]
    assert found[0].text.endswith("it promises too little there.")


def test_the_report_of_a_model_registered_before_these_figures_is_still_read() -> None:
    new = {"money", "dependence", "findings", "tried_before", "leaks", "watch"}
    old = json.loads(full().json())
    written = {name: value for name, value in old.items() if name not in new}
    del written["evaluation"]["chance_at_top"]
    read = ReportFacts.read(json.dumps(written))
    assert read.findings == Breakdown()
    page = report_page(read)
    assert Tags(page).open == []
    assert "chance alone:" not in page


def test_a_notebook_shows_a_picture_with_what_to_see_in_it() -> None:
    drawn = {"gains": charts.svg(charts.gains_chart(facts().evaluation))}
    html = NotebookCharts({"gains": drawn["gains"]}, {"gains": caption("gains")})._repr_html_()
    assert html.count("<svg") == html.count("<figcaption") == 1
    assert "The further the line bends" in html
    assert Tags(html).open == []
