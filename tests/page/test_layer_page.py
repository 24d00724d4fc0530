"""One layer in a real browser: walking back, changing numbers, stepping, 27 colours."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from isochrome.app.api import open_model
from isochrome.app.page import STATIC
from isochrome.app.server import running
from isochrome.core.evaluate import evaluate
from tests.app.networks import write_words
from tests.page.test_explorer import address, browser, demo, demo_file, watched

__all__ = ["address", "browser", "demo", "demo_file"]

pytestmark = pytest.mark.skipif(not (STATIC / "page.js").is_file(), reason="the page is not built")


def outputs(page: Page, view: str) -> list[str]:
    """The numbers on the output cells of a panel, in the order of their places."""
    found = page.locator(f"[data-view={view}] rect[data-y]:not([data-w], [data-x], .outline)").evaluate_all(
        """(all) => all.flatMap((mark) => {
            const text = mark.nextElementSibling;
            return text?.localName === "text" ? [[mark.dataset.y, text.textContent]] : [];
        })"""
    )
    numbers = {tuple(map(int, y.split(","))): text for y, text in found if re.fullmatch(r"−?\d+", text)}
    return [numbers[place] for place in sorted(numbers)]


# --- changing numbers -------------------------------------------------------------------------------------------------


def changed_outputs(place: tuple[int, ...], value: float) -> list[int]:
    """What the layer gives with another number at one weight, computed here."""
    opened = open_model("example:stanford")
    values = opened.run().values
    line, bias = opened.model.layers[0].lines
    weights = np.array(values.weights(line), float)
    weights[place] = value
    total = evaluate(line.relation, {"w": weights, "x": values.tensor("x")})
    total = total + evaluate(bias.relation, {"b": values.weights(bias)})
    return [int(one) for one in total[0, 0].ravel()]


def test_every_use_of_a_changed_weight_follows_and_undo_brings_it_back(browser: Browser, address: str) -> None:
    with watched(browser, address) as found:
        page = found.page
        before = [text.replace("−", "-") for text in outputs(page, "start-numbers")]
        assert before == [str(one) for one in changed_outputs((0, 0, 1, 2), 1)]
        page.locator(".editing .value").fill("4")
        page.keyboard.press("Enter")
        found.settled()
        after = [text.replace("−", "-") for text in outputs(page, "start-numbers")]
        assert after == [str(one) for one in changed_outputs((0, 0, 1, 2), 4)] and after != before
        for view in ("start-edges", "start-numbers"):
            cells = page.locator(f"[data-view={view}] rect[data-w='0,0,1,2']").evaluate_all(
                "(all) => all.map((mark) => mark.nextElementSibling?.textContent)"
            )
            assert cells and set(cells) == {"4"}, view
        ledger = page.inner_text(".ledger")
        alone = address.startswith("file:")
        own = "Without the change the model’s own values are 5 and 7" if alone else (
            f"The model’s own values are {after[0]} and {after[1]}: no difference from the totals")  # fmt: skip
        assert own in ledger
        assert re.findall(r"= *([−\d]+)\b", page.inner_text(".sums")) == [after[0], after[1]]
        assert ("1 number changed here" if alone else "1 number changed; all behind follows") in ledger and "edit=" in urlsplit(page.url).fragment
        page.keyboard.press("u")
        found.settled()
        assert [text.replace("−", "-") for text in outputs(page, "start-numbers")] == before
        page.go_back()
        found.settled()
        assert [text.replace("−", "-") for text in outputs(page, "start-numbers")] == after, "Back brings it, too"


def test_an_input_can_be_changed(browser: Browser, address: str) -> None:
    opened = open_model("example:stanford")
    values = opened.run().values
    line, bias = opened.model.layers[0].lines
    x = np.array(values.tensor("x"), float)
    x[0, 1, 1, 1] += 5
    total = evaluate(line.relation, {"w": np.array(values.weights(line), float), "x": x})
    total = total + evaluate(bias.relation, {"b": values.weights(bias)})
    with watched(browser, f"{address}#view=start&i=0,0,0&j=0,0,1") as found:
        page = found.page
        page.locator(".ledger .box.input[data-x='1,1,1']").first.click()
        field = page.locator(".editing .value")
        field.fill(str(int(values.tensor("x")[0, 1, 1, 1]) + 5))
        page.keyboard.press("Enter")
        found.settled()
        after = [text.replace("−", "-") for text in outputs(page, "start-numbers")]
        assert after == [str(int(one)) for one in total[0, 0].ravel()]


def state(page: Page) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.url).fragment))


def model_value(page: Page) -> float:
    """The value of i that the page says the framework gives."""
    said = re.search(r"The model’s own values? (?:is|are) ([−\d.e]+)", page.inner_text(".ledger"))
    assert said, page.inner_text(".ledger")
    return float(said[1].replace("−", "-"))


def drawn_in(page: Page, view: str) -> str:
    return str(page.locator(f"[data-view={view}] .picture").inner_html())


def test_what_lies_behind_a_changed_number_follows_in_every_view(browser: Browser) -> None:
    """On every layer the page is what the framework gives for the changed model; undo brings the stored one back."""
    opened = open_model("example:lenet5")
    run = opened.run()
    changed = run.edited("w:0:0,0,2,2=3;x:1:0,2,2=-4")
    last = opened.model.layers[-1]
    with running(opened, run) as served, watched(browser, f"{served}#layer=0&view=network&i=0,0,0") as found:
        page = found.page
        network = drawn_in(page, "network")
        page.evaluate("location.hash = '#layer=0&view=network&i=0,0,0&edit=w:0:0,0,2,2=3;x:1:0,2,2=-4'")
        found.settled()
        assert drawn_in(page, "network") != network, "the maps are those of the changed model"
        for layer in opened.model.layers[1:]:
            page.evaluate("(number) => { location.hash = location.hash.replace(/layer=\\d+/, `layer=${number}`); }",
                          layer.number)  # fmt: skip
            page.evaluate("location.hash = location.hash.replace('view=network', 'view=connections')")
            found.settled()
            neuron = tuple(map(int, state(page)["i"].split(",")))
            other, stored = changed.explain(layer.name, neuron), run.explain(layer.name, neuron)
            assert model_value(page) == pytest.approx(other.framework, rel=1e-5), layer.name
            assert other.framework != stored.framework or layer is not last
        page.keyboard.press("u")
        page.keyboard.press("u")
        found.settled()
        assert "edit" not in state(page) and model_value(page) == pytest.approx(stored.framework, rel=1e-5)


def test_a_picture_of_changed_numbers_says_so(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=connections&i=0,0,0&edit=w:0:0,0,2,2=5") as found:
        words = found.page.inner_text("[data-view=connections] .words")
        assert "Numbers changed: conv.weight[0,0,2,2] = 5 (stored 0)." in words


def test_an_edit_that_cannot_be_is_said_where_it_stands(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=connections&i=0,0,0&edit=w:0:0,0,2,9=5") as found:
        said = found.page.inner_text("main")
        assert "weight 0,0,2,9 of conv.weight" in said and "must be 4 whole numbers (m 0 to 1" in said
        assert found.refused == ["layer/0"]
        found.refused.clear()


# --- walking back -----------------------------------------------------------------------------------------------------


def test_from_the_ledger_back_to_the_image(browser: Browser) -> None:
    opened = open_model("example:photos")
    with running(opened, opened.run()) as served, watched(browser, f"{served}#layer=2&view=reach&i=4,3,3") as found:
        page = found.page
        for layer, name in ((1, "conv2"), (0, "conv1")):
            page.keyboard.press("b")
            page.locator(".made button").first.wait_for()
            said = page.inner_text(".made button")
            assert f"made by {name}" in said and "one of 4" in said
            page.locator(".made button").first.click()
            found.settled()
            assert f"layer={layer}" in urlsplit(page.url).fragment
            place = re.search(r"y\[([\d,]+)\]", said)
            assert place and f"i={place[1]}" in urlsplit(page.url).fragment
        page.keyboard.press("b")
        page.locator(".made span").first.wait_for()
        assert "read from the model’s input x[" in page.inner_text(".made")
        page.go_back()
        found.settled()
        assert page.inner_text(".crumb b") == "conv2"


def test_the_neuron_that_made_an_input_sees_it(browser: Browser) -> None:
    opened = open_model("example:photos")
    with running(opened, opened.run()) as served, watched(browser, f"{served}#layer=1&view=start&i=2,5,5") as found:
        page = found.page
        page.keyboard.press("b")
        page.locator(".made button").first.wait_for()
        place = re.search(r"x\[([\d,]+)\]", page.inner_text(".editing"))
        maker = re.search(r"y\[([\d,]+)\]", page.inner_text(".made"))
        assert place and maker
        neuron = tuple(map(int, maker[1].split(",")))
        axes = opened["conv1"].reach(neuron, to="pool1.out", forward=True).to_dict()["axes"]
        assert [[int(n)] for n in place[1].split(",")] == axes


# --- stepping ---------------------------------------------------------------------------------------------------------


def test_stepping_goes_through_the_neurons_in_order(browser: Browser, address: str) -> None:
    with watched(browser, f"{address}#view=connections&i=0,0,1") as found:
        page = found.page
        assert (page.locator(".stepping .check").count() == 0) == address.startswith("file:"), "a file draws nothing new"
        for place in ("0,0,2", "0,1,0"):
            page.locator(".stepping button", has_text="step ›").click()
            found.settled()
            assert f"i={place}" in urlsplit(page.url).fragment
        page.keyboard.press(",")
        found.settled()
        assert "i=0,0,2" in urlsplit(page.url).fragment


def test_playing_goes_on_by_itself_and_stops(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=connections&i=0,0,0") as found:
        page = found.page
        page.locator(".stepping select").select_option("500")
        page.locator(".stepping button", has_text="play").click()
        page.wait_for_url(re.compile("i=0,1,0"))
        page.locator(".stepping button", has_text="stop").click()
        found.settled()


def test_less_motion_is_offered_no_play(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=connections", reduced_motion="reduce") as found:
        assert found.page.locator(".stepping button").all_inner_texts() == ["‹ step", "step ›"]


def test_frames_side_by_side(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=connections&i=0,0,1") as found:
        page = found.page
        page.locator(".stepping .check input").first.check()
        found.settled()
        page.locator(".frames svg").nth(2).wait_for()
        assert page.locator(".frames h3").all_inner_texts() == ["y[0,0,1]", "y[0,0,2]", "y[0,1,0]"]
        page.reload()
        page.locator(".frames svg").nth(2).wait_for()


# --- colours ----------------------------------------------------------------------------------------------------------


def test_twenty_seven_colours_are_a_choice(browser: Browser, demo: str) -> None:
    with watched(browser, f"{demo}#view=connections&level=weight") as found:
        page = found.page
        assert page.locator(".chips li").count() == 9
        page.locator(".stepping .many input").check()
        found.settled()
        assert page.locator(".chips li").count() == 27 and "many=1" in urlsplit(page.url).fragment
        pairs = page.locator(".picture [data-id]").evaluate_all(
            "(all) => all.map((one) => `${one.dataset.id} ${one.getAttribute('fill') ?? one.getAttribute('stroke')}`)"
        )
        assert len(set(pairs)) == 27


# --- layers without products ------------------------------------------------------------------------------------------


def test_every_layer_has_a_ledger(browser: Browser, tmp_path: Path) -> None:
    opened = open_model(write_words(tmp_path))
    run = opened.run()
    with running(opened, run) as served, watched(browser, served) as found:
        page = found.page
        for layer, neuron, said in (
            (0, (1, 2), "the weight that is looked up: no input multiplies it"),
            (1, (1, 2), "inputs added as they are: no weight multiplies them"),
            (2, (1, 0, 5), "? is a number that the run does not give"),
        ):
            page.evaluate(f"location.hash = '#layer={layer}&view=start&i={','.join(map(str, neuron))}'")
            page.wait_for_url(re.compile(rf"#layer={layer}&"))
            found.settled()
            ledger = page.inner_text(".ledger").replace("−", "-")
            assert said in ledger
            answer = run.explain(layer, neuron)
            if answer.total is None:
                assert answer.note in ledger and "= ?" in page.inner_text(".sums").replace("\t", " ")
            else:
                assert f"The model’s own value is {answer.framework:g}: no difference from the total" in ledger
            products = page.locator(".ledger .product").all_inner_texts()
            mine = ["?" if term.product is None else f"{term.product + 0.0:g}" for term in answer.terms]
            assert [text.replace("−", "-") for text in products][: len(mine)] == mine
