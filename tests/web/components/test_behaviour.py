"""What the scripts promise, in a real browser: keys, drafts, confirmation, failures said aloud, uploads, curves."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def again(page: Page) -> None:
    page.reload()
    page.locator("html[data-ready]").wait_for()


def test_key_presses_its_control_and_the_server_may_send_a_toast(on_bench: Page) -> None:
    on_bench.keyboard.press("a")
    expect(on_bench.locator("#result")).to_have_text("answered 200")
    expect(on_bench.locator(".toast")).to_contain_text("Approved")
    on_bench.keyboard.press("2")
    expect(on_bench.get_by_label("Refuse")).to_be_checked()


def test_keys_rest_in_fields_and_can_be_switched_off_for_good(on_bench: Page) -> None:
    notes = on_bench.get_by_label("Notes")
    on_bench.keyboard.press("e")
    expect(notes).to_be_focused()
    on_bench.keyboard.type("a2?")
    expect(notes).to_have_value("a2?")
    on_bench.keyboard.press("Escape")
    expect(notes).not_to_be_focused()
    on_bench.keyboard.press("?")
    dialog = on_bench.get_by_role("dialog", name="Keys on this page")
    expect(dialog.get_by_role("listitem").filter(has_text="Approve")).to_contain_text("a")
    dialog.get_by_label("Single keys are on").uncheck()
    on_bench.keyboard.press("Escape")
    again(on_bench)
    on_bench.keyboard.press("a")
    expect(on_bench.locator(".key-hint").first).to_be_hidden()
    expect(on_bench.locator("#result")).to_have_text("nothing yet")


def test_held_key_decides_once(on_bench: Page) -> None:
    requests: list[str] = []
    on_bench.on("request", lambda request: requests.append(request.url) if "/answer/" in request.url else None)
    for _ in range(5):  # without a key-up between them these are repeats
        on_bench.keyboard.down("a")
    on_bench.keyboard.up("a")
    expect(on_bench.locator("#result")).to_have_text("answered 200")
    assert len(requests) == 1


def test_draft_survives_a_reload_and_goes_when_sent(on_bench: Page) -> None:
    notes = on_bench.get_by_label("Notes")
    notes.fill("half a thought")
    again(on_bench)
    expect(notes).to_have_value("half a thought")
    expect(on_bench.locator("[data-draft-note]")).to_be_visible()
    notes.press("Control+Enter")
    on_bench.wait_for_url("**/done")
    on_bench.locator("html[data-ready]").wait_for()
    on_bench.go_back()
    again(on_bench)
    expect(notes).to_have_value("")


def test_draft_stays_when_the_server_is_gone(on_bench: Page) -> None:
    notes = on_bench.get_by_label("Notes")
    notes.fill("must not be lost")
    on_bench.route("**/saved", lambda route: route.abort())
    notes.press("Control+Enter")
    on_bench.wait_for_url("chrome-error://**")
    on_bench.go_back()
    expect(notes).to_have_value("must not be lost")


def test_signing_out_leaves_no_text_behind(on_bench: Page) -> None:
    on_bench.get_by_label("Notes").fill("ana@northwind.example")
    again(on_bench)
    on_bench.route("**/sign-out", lambda route: route.fulfill(body="bye", content_type="text/html"))
    on_bench.get_by_role("button", name="Sign out").click()
    on_bench.wait_for_url("**/sign-out")
    assert on_bench.locator("html").evaluate("() => localStorage.length") == 0


def test_discarded_draft_does_not_come_back(on_bench: Page) -> None:
    notes = on_bench.get_by_label("Notes")
    notes.fill("never mind")
    again(on_bench)
    on_bench.get_by_role("button", name="Discard it").click()
    expect(notes).to_have_value("")
    again(on_bench)
    expect(notes).to_have_value("")


def test_refusal_swaps_and_takes_the_focus(on_bench: Page) -> None:
    on_bench.get_by_role("button", name="Wrong").click()
    expect(on_bench.locator("#result")).to_have_text("answered 422")
    expect(on_bench.locator("#result")).to_be_focused()


def test_failure_is_said_aloud_and_never_swapped_in(on_bench: Page) -> None:
    on_bench.get_by_role("button", name="Broken").click()
    expect(on_bench.locator(".toast-bad")).to_contain_text("The disk is full.")
    expect(on_bench.locator("#result")).to_have_text("nothing yet")
    on_bench.route("**/answer/200", lambda route: route.abort())
    on_bench.get_by_role("button", name="Approve").click()
    expect(on_bench.locator(".toast-bad").last).to_contain_text("did not answer")


def test_confirmation_comes_before_the_request(on_bench: Page) -> None:
    delete = on_bench.get_by_role("button", name="Delete", exact=True)
    delete.click()
    dialog = on_bench.get_by_role("dialog")
    expect(dialog).to_contain_text("Really delete it?")
    on_bench.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(on_bench.locator("#result")).to_have_text("nothing yet")
    delete.click()
    on_bench.get_by_role("button", name="Delete it").click()
    expect(on_bench.locator("#result")).to_have_text("answered 200")


def test_refused_upload_keeps_the_file_and_shows_the_errors(on_bench: Page) -> None:
    field = on_bench.get_by_label("File", exact=True)
    field.set_input_files({"name": "rows.jsonl", "mimeType": "text/plain", "buffer": b"broken"})
    expect(on_bench.locator("[data-chosen]")).to_contain_text("rows.jsonl")
    on_bench.get_by_role("button", name="Upload").click()
    expect(on_bench.locator("#upload-form .error-summary")).to_contain_text("Line 3 is not JSON")
    expect(on_bench.locator("#f-file-error")).to_have_text("Mend line 3.")
    assert field.evaluate("field => field.files[0].name") == "rows.jsonl"
    field.set_input_files({"name": "good.jsonl", "mimeType": "text/plain", "buffer": b"{}" * 9000})
    on_bench.get_by_role("button", name="Upload").click()
    on_bench.wait_for_url("**/done")


def test_curve_follows_the_stream_and_falls_back_to_asking(on_bench: Page) -> None:
    live, polled = (on_bench.locator("[data-live-chart]").nth(index) for index in (0, 1))
    expect(live.locator("[data-live-state]")).to_have_text("finished")
    expect(live.locator("details tbody tr")).to_have_text(["12.0000–", "21.0000–", "30.66671.5000"])
    expect(live.locator("canvas")).to_be_visible()
    expect(polled.locator("details tbody tr")).to_have_text(["40.5000–"])


def test_stream_refreshes_a_fragment(on_bench: Page) -> None:
    expect(on_bench.locator("#progress")).to_contain_text("fetched")
    expect(on_bench.locator("#progress time")).to_contain_text("years ago")


def test_active_seconds_are_cut_at_thirty(on_bench: Page) -> None:
    field = on_bench.locator("[data-active-seconds]")
    on_bench.clock.install()
    again(on_bench)
    on_bench.clock.run_for(20_000)
    on_bench.mouse.move(50, 50)
    expect(field).to_have_value("20")
    on_bench.clock.run_for(600_000)
    on_bench.mouse.move(60, 60)
    expect(field).to_have_value("50")


def test_theme_is_chosen_once(on_bench: Page) -> None:
    on_bench.get_by_role("button", name="Dark").click()
    assert on_bench.locator("body").evaluate("e => getComputedStyle(e).colorScheme") == "dark"
    again(on_bench)
    expect(on_bench.locator("html")).to_have_attribute("data-theme", "dark")
    expect(on_bench.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    on_bench.get_by_role("button", name="As the system").click()
    again(on_bench)
    assert on_bench.locator("html").get_attribute("data-theme") is None
