"""The palettes, measured; and which identities are coloured."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from isochrome.draw.identity import (
    NAMES,
    NINE,
    TWENTY_SEVEN,
    Colouring,
    colouring,
    contrast,
    identity,
    in_key_order,
    text_on,
)
from isochrome.errors import RequestError
from isochrome.render.theme import THEMES

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def seen(colour: str, sight: str) -> NDArray[np.float64]:
    coded = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    other = np.clip(SIGHTS[sight] @ linear, 0, 1)
    again = np.where(other <= 0.0031308, other * 12.92, 1.055 * other ** (1 / 2.4) - 0.055)
    return rgb2lab(again)


def distance(one: str, other: str) -> float:
    return min(float(deltaE_ciede2000(seen(one, sight), seen(other, sight))) for sight in SIGHTS)


def test_the_measure_itself_agrees_with_known_values() -> None:
    # Sharma, Wu, Dalal 2005, pairs 1 and 25.
    pairs = [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ]
    for one, other, known in pairs:
        assert deltaE_ciede2000(np.array(one), np.array(other)) == pytest.approx(known, abs=1e-4)


@pytest.mark.parametrize(("palette", "least"), [(NINE, 20.8), (TWENTY_SEVEN, 9.9)])
def test_no_two_colours_meet_in_any_sight(palette: tuple[str, ...], least: float) -> None:
    worst = min((distance(one, other), one, other) for one, other in combinations(palette, 2))
    assert round(worst[0], 1) >= least, worst


@pytest.mark.parametrize(
    ("theme", "token", "least"),
    [("light", "paper", 16.0), ("dark", "paper", 15.0), ("light", "line", 14.8), ("dark", "line", 14.8)],
)
def test_every_colour_stands_clear_of_paper_and_of_uncoloured_edges(theme: str, token: str, least: float) -> None:
    worst = min((distance(colour, THEMES[theme][token]), colour) for colour in NINE)
    assert round(worst[0], 1) >= least, worst


@pytest.mark.parametrize("colour", NINE + TWENTY_SEVEN)
def test_text_on_a_colour_can_be_read(colour: str) -> None:
    assert contrast(text_on(colour), colour) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_text_on_paper_can_be_read(theme: str) -> None:
    token = THEMES[theme]
    for ink in ("ink", "ink2", "ink3"):
        assert contrast(token[ink], token["paper"]) >= 4.5


def test_names_and_colours_are_one_to_one() -> None:
    assert len(set(NAMES)) == len(set(NINE)) == 9
    assert len(set(TWENTY_SEVEN)) == 27


def test_nine_taps_take_the_slots_of_their_places() -> None:
    taps = [identity("tap", (u, v)) for u in range(3) for v in range(3)]
    colours = colouring(in_key_order(reversed(taps)))
    assert [colours.colour(tap) for tap in taps] == list(NINE)


def test_past_nine_the_first_nine_are_coloured_and_the_others_stay_unfilled() -> None:
    filters = [identity("filter", number) for number in range(64)]
    colours = colouring(filters)
    assert [colours.colour(name) for name in filters] == [*NINE, *[None] * 55]
    assert colours.total == 64


def test_a_chosen_identity_keeps_its_colour_when_another_is_removed() -> None:
    filters = [identity("filter", number) for number in range(64)]
    before = colouring(filters, ["filter:7", "filter:40", "filter:3"])
    after = colouring(filters, ["filter:7", None, "filter:3"])
    assert before.colour("filter:3") == after.colour("filter:3") == NINE[2]
    assert (before.colour("filter:40"), after.colour("filter:40")) == (NINE[1], None)
    assert after.colour("filter:0") is None


def test_twenty_seven_on_request() -> None:
    filters = [identity("filter", number) for number in range(27)]
    assert [colouring(filters, palette=TWENTY_SEVEN).colour(name) for name in filters] == list(TWENTY_SEVEN)


def test_too_many_or_doubled_choices_are_told() -> None:
    with pytest.raises(RequestError, match=r"^colours: at most 9 identities can be told apart; got 10\. Choose"):
        Colouring(tuple(f"filter:{number}" for number in range(10)))
    with pytest.raises(RequestError, match=r"^colours: an identity has one colour; got filter:1, filter:1\."):
        Colouring(("filter:1", "filter:1"))


def test_key_order_is_the_order_of_numbers() -> None:
    places = [(0, 10), (0, 9), (1, 0), (0, 9)]
    names = in_key_order(identity("weight", place, parameter=2) for place in places)
    assert names == ("weight:2:0,9", "weight:2:0,10", "weight:2:1,0")


def test_only_a_weight_names_its_parameter() -> None:
    with pytest.raises(RequestError, match="^identity: a weight, and nothing else, names its parameter"):
        identity("weight", (0, 1))
    with pytest.raises(RequestError, match="^level: must be one of weight, tap, filter, channel, parameter; got 'hue'"):
        identity("hue", 0)
