"""Helpers of the browser tests: pages that fail on script errors, downloads, the bytes of what is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


@contextmanager
def new_page(browser: Browser, address: str, width: int = 1440, height: int = 1000) -> Iterator[Page]:
    """A page in a browser context of its own, as a new visitor has; an error in a script fails the test."""
    with watched_page(browser.new_context(viewport={"width": width, "height": height}), address) as page:
        yield page


@contextmanager
def watched_page(context: BrowserContext, address: str) -> Iterator[Page]:
    """Open a page in a given context, which is closed at the end."""
    context.set_default_timeout(120_000)
    page = context.new_page()
    errors: list[str] = []
    # Whoever reloads or leaves aborts what Gradio was just asking for.
    page.on("pageerror", lambda error: None if error.name == "AbortError" else errors.append(str(error)))
    page.goto(address)
    yield page
    context.close()
    assert not errors, errors


def axe_finds_nothing(page: Page, view: str, within: str | None = None) -> None:
    """Wait until axe-core finds nothing on the page, or within an element: the page gives names a moment later."""
    if page.evaluate("!window.axe"):
        page.evaluate(Axe().axe_script)
    for _ in range(10):
        violations = page.evaluate("(it) => axe.run(it ?? document, { resultTypes: ['violations'] })", within)[
            "violations"
        ]
        if not violations:
            return
        page.wait_for_timeout(500)
    raise AssertionError((view, [(one["id"], node["html"][:160]) for one in violations for node in one["nodes"]]))


def opened(page: Page, accordion: Locator) -> None:
    """Open an accordion and wait until the browser is idle: before Gradio has made its content, typing gets lost."""
    accordion.click()
    page.evaluate("() => new Promise((done) => requestIdleCallback(() => setTimeout(done, 100)))")


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def link(page: Page, panel: str) -> Locator:
    """The field of the link to what a panel shows."""
    return page.locator(f"#{panel}-link input, #{panel}-link textarea")


def choose_file(page: Page, button: str, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator(button).first.click()
    chooser.value.set_files(file)


def downloaded(page: Page, button: str, to: Path) -> Path:
    """The file that a click on the button gives."""
    with page.expect_download() as download:
        page.locator(button).click()
    path = to / download.value.suggested_filename
    download.value.save_as(path)
    return path


def shown_bytes(page: Page, picture: str) -> bytes:
    """The file of the first picture that the selector finds."""
    return page.request.get(str(page.locator(picture).first.get_attribute("src"))).body()
