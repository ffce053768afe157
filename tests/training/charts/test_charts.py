"""A chart is a picture whatever the names in it are."""

from __future__ import annotations

from xml.etree import ElementTree

import altair as alt
import pandas as pd

from training.charts.charts import svg


def test_a_control_character_in_a_name_ends_no_training() -> None:
    """The drawing library aborts the process over one, and no browser shows the picture of another."""
    rows = pd.DataFrame({"segment": ["a\x1b[2Jb", "c\x00d", "e\x9bf", "<g> & h"], "rate": [1, 2, 3, 4]})
    picture = svg(alt.Chart(rows).mark_bar().encode(x="rate", y="segment"))
    texts = {element.text for element in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")}
    assert {"a␛[2Jb", "c␀d", "e\ufffdf", "<g> & h"} <= texts
