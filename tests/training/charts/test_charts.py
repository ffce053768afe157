"""A chart is a picture whatever the names in it are."""

from __future__ import annotations

from xml.etree import ElementTree

import altair as alt
import pandas as pd

from training.charts.axes import NamedRows
from training.charts.charts import svg


def texts_of(picture: str) -> set[str | None]:
    return {element.text for element in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")}


def test_a_control_character_in_a_name_ends_no_training() -> None:
    """The drawing library aborts the process over one, and no browser shows the picture of another."""
    rows = pd.DataFrame({"segment": ["a\x1b[2Jb", "c\x00d", "e\x9bf", "<g> & h"], "rate": [1, 2, 3, 4]})
    picture = svg(alt.Chart(rows).mark_bar().encode(x="rate", y="segment"))
    assert {"a␛[2Jb", "c␀d", "e\ufffdf", "<g> & h"} <= texts_of(picture)


def test_nor_does_one_in_the_name_of_a_row() -> None:
    rows = NamedRows(["we\x1b[31mb", "a\x07d\x08"], room=120)
    chart = alt.Chart(pd.DataFrame({"place": [0, 1], "rate": [1, 2]})).mark_bar().encode(alt.X("rate"), rows.encoding())
    assert {"we␛[31mb", "a␇d␈"} <= texts_of(svg(chart))
