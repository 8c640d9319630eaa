"""Briefs and letters in Chromium: accessible, at home on three widths and on paper, deaf to scripts in headlines.

Pictures of each page land in ``tests/screenshots/`` (git-ignored; CI keeps them).
"""

import base64
import gzip
import json
import os
import shutil
import subprocess
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from alerts import compose, render_brief, render_index, render_operator
from tests.alerts.conftest import HOSTILE, alert, quote, settings_with
from tests.alerts.facts import brief_of, operator_of
from trendwarte.settings import Channel

BROWSER, DRIVER = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
ROOT = Path(__file__).parents[1]
SCREENSHOTS = ROOT / "screenshots"
AXE = ROOT / "data" / "axe" / "axe-4.14.1.min.js.gz"
WIDTHS = (1280, 768, 390)

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="Chromium or chromedriver is not installed (Debian: chromium, chromium-driver)"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = BROWSER
    for word in ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
                 f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):  # fmt: skip
        options.add_argument(word)
    if os.geteuid() == 0:  # Chromium's sandbox refuses the user root, as whom a container runs
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def pages(word):
    """Every page there is, in both languages, with ``word`` wherever fetched text stands."""
    found = {f"brief.{lang}": render_brief(brief_of(word), lang) for lang in ("de", "en")}
    (message,) = compose([alert(evidence=(quote(word, outlet=word),), counter_evidence=(quote(word),))],
                         settings_with(Channel(kind="email", to=["team@snack-us.example"]), language="de"))  # fmt: skip
    letter = BytesParser(policy=policy.default).parsebytes(message.body)
    return found | {
        "operator": render_operator(operator_of(word), "de", "Europe/Berlin"),
        "index": render_index([brief_of(word)], settings_with(), "de"),
        "letter": letter.get_body(("html",)).get_content(),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("pages")
    for name, page in pages("The court upheld the law on appeal").items():
        (place / f"{name}.html").write_text(page, "utf-8")
    for name, page in pages(HOSTILE).items():
        (place / f"hostile.{name}.html").write_text(page, "utf-8")
    return place


def show(browser, path, width):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get(path.as_uri())


def picture(browser, name):
    SCREENSHOTS.mkdir(exist_ok=True)
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
    (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


NAMES = ("brief.de", "brief.en", "operator", "index", "letter")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_its_width_and_keeps_a_readable_size(browser, folder, name, width):
    show(browser, folder / f"{name}.html", width)
    picture(browser, f"{name}.{width}")
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width, f"{wide} px wide"
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter(e => !(e instanceof SVGElement) && e.offsetParent &&"
        " [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 11
    if name.startswith("brief"):
        drawn = browser.execute_script(
            "const s = document.querySelector('svg'); return 10 * s.getBoundingClientRect().width / s.viewBox.baseVal.width"
        )
        assert drawn >= 9.5, "the letters of the charts"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["brief.de", "brief.en", "operator", "index"])
def test_axe_finds_nothing_serious(browser, folder, name, width, scheme):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    show(browser, folder / f"{name}.html", width)
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    if scheme == "dark":
        picture(browser, f"{name}.{width}.dark")
    browser.execute_script(gzip.decompress(AXE.read_bytes()).decode())
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(r => done(r.violations), e => done(String(e)))"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert isinstance(found, list), found
    told = [(v["id"], v["impact"], v["nodes"][0]["html"][:160], v["nodes"][0]["failureSummary"][:300]) for v in found]
    assert [one for one in told if one[1] in ("serious", "critical")] == []
    assert told == [], "nor anything lesser"


@pytest.mark.parametrize("name", NAMES)
def test_scripts_in_headlines_never_run_and_nothing_is_requested(browser, folder, name):
    browser.get_log("performance")
    browser.get_log("browser")
    show(browser, folder / f"hostile.{name}.html", 1280)
    assert browser.title != "owned" and browser.title
    assert browser.execute_script("return document.querySelectorAll('script, img, iframe, object').length") == 0
    assert browser.execute_script("return [...document.querySelectorAll('a')].every(a => !/^javascript/i.test(a.href))")
    asked = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    urls = {one["params"]["request"]["url"] for one in asked if one["method"] == "Network.requestWillBeSent"}
    assert {url.partition("#")[0] for url in urls} == {(folder / f"hostile.{name}.html").as_uri()}
    errors = [line["message"] for line in browser.get_log("browser") if "Content Security Policy" in line["message"]]
    assert errors == [], "the policy fits the page"


def test_a_script_that_got_into_the_page_would_be_stopped_by_the_policy(browser, folder, tmp_path):
    page = (folder / "brief.de.html").read_text("utf-8")
    broken = page.replace(
        "</main>", "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></main>"
    )
    (tmp_path / "broken.html").write_text(broken, "utf-8")
    show(browser, tmp_path / "broken.html", 1280)
    assert browser.title != "owned"


def test_the_keyboard_reaches_every_link_and_detail_in_order(browser, folder):
    from selenium.webdriver.common.keys import Keys

    show(browser, folder / "brief.de.html", 1280)
    body = browser.find_element("tag name", "body")
    seen = []
    for _ in range(12):
        (browser.switch_to.active_element if seen else body).send_keys(Keys.TAB)
        seen.append(
            browser.execute_script(
                "const e = document.activeElement; return [e.tagName, e.textContent.trim().slice(0, 30)]"
            )
        )
    assert seen[0] == ["A", "Zum Inhalt springen"] and ["A", "Rechtslage"] in seen
    outline = browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_brief_prints_on_a4_without_cutting_anything(browser, folder, lang, tmp_path):
    show(browser, folder / f"brief.{lang}.html", 1280)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    SCREENSHOTS.mkdir(exist_ok=True)
    path = SCREENSHOTS / f"brief.{lang}.pdf"
    path.write_bytes(base64.b64decode(printed["data"]))
    reader = shutil.which("pdfinfo")
    if reader:
        facts = subprocess.run([reader, str(path)], capture_output=True, text=True, check=True).stdout
        assert "A4" in facts and 3 <= int(facts.partition("Pages:")[2].split()[0]) <= 14
    show(browser, folder / f"brief.{lang}.html", 680)  # A4 less its margins, at 96 dots an inch
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert wide <= 680
