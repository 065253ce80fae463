"""The Labline sidebar in a real JupyterLab, in a real browser, over a real project."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, Page, Response, expect, sync_playwright
from tests.browser.palette import choose
from tests.ports import free_port

from labline.lab import Lab

# The same without the windows that nobody sees takes an eighth less of the processor's time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
APPUTILS = "@jupyterlab/apputils-extension"
PATIENCE = 60_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@dataclass(frozen=True)
class JupyterLab:
    """A running JupyterLab and the folder it shows."""

    root: Path
    url: str
    config: Path

    @property
    def fresh(self) -> str:
        """The address of a workspace in which nothing was moved yet."""
        return f"{self.url}&reset"

    def set(self, plugin: str, **values: object) -> None:
        """Write a user's settings of a plugin, for pages that are opened from now on."""
        place = self.config / "lab" / "user-settings" / f"{plugin}.jupyterlab-settings"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(values))

    def set_theme(self, name: str) -> None:
        self.set(f"{APPUTILS}/themes", theme=f"JupyterLab {name}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    home = tmp_path_factory.mktemp("home")
    root = home / "churn"
    root.mkdir()
    (root / "labline.toml").write_text('[project]\nname = "churn"\n')
    with serving(home, root) as lab:
        yield lab


@contextmanager
def serving(home: Path, root: Path, *options: str) -> Iterator[JupyterLab]:
    """Run a JupyterLab that shows `root`, with settings of its own in `home`."""
    token, port = secrets.token_hex(8), free_port()
    config = home / "config"
    lab = JupyterLab(root, f"http://127.0.0.1:{port}/lab?token={token}", config)
    lab.set("labline/plugin", refreshInterval=1)
    lab.set(f"{APPUTILS}/notification", fetchNews="false", checkForUpdates=False)
    command = [
        *("jupyterlab", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}", *options),
    ]
    with started(home, root, *command, until=f"http://127.0.0.1:{port}/api/status?token={token}"):
        yield lab


@contextmanager
def started(home: Path, root: Path, module: str, *options: str, until: str) -> Iterator[None]:
    """Run a module of Jupyter in `root`, with its folders in `home`; `until` is answered by it."""
    places = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    log = home / f"{module}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *options],
            cwd=root,
            env={**clean_environment(), **{name: str(place) for name, place in places.items()}},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(until, process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            # Jupyter Server waits for ever for the WebSocket of a kernel that ends in between.
            process.kill()
            process.wait(20)


def clean_environment() -> dict[str, str]:
    """Return the environment without what points labline at other stores."""
    others = ("LABLINE_", "MLFLOW_", "BENTOML_", "JUPYTER")
    return {name: value for name, value in os.environ.items() if not name.startswith(others)}


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 180
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:  # one that listens and is not ready to answer is a TimeoutError
            time.sleep(0.1)
    pytest.fail(f"{log.stem} did not start:\n{log.read_text()}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=2)
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert not complaints


def open_sidebar(page: Page, address: str) -> Locator:
    page.goto(address)
    page.get_by_role("tab", name="Labline").click()
    return sidebar(page)


def sidebar(page: Page) -> Locator:
    panel = page.get_by_role("region", name="Labline")
    expect(panel.get_by_role("heading", name="churn")).to_be_visible()
    return panel


def section(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("region", name=name)


def screenshot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.mouse.move(900, 800)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


def record_a_run(root: Path, name: str) -> None:
    tracking = Lab.from_(root).tracking
    run = tracking.create_run("churn", name, started=time.time() - 90)
    tracking.log_metrics(run.id, {"roc_auc": 0.9123, "accuracy": 0.871})
    tracking.end_run(run.id)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_sidebar_tells_how_to_start_and_shows_a_run_when_it_comes(
    theme: str, page: Page, jupyterlab: JupyterLab
) -> None:
    jupyterlab.set_theme(theme)
    panel = open_sidebar(page, jupyterlab.fresh)

    expect(panel.get_by_text("The platform is not up")).to_be_visible()
    expect(panel.get_by_text("labline up", exact=True)).to_be_visible()
    expect(panel.get_by_text("reachable", exact=True)).to_be_visible()
    expect(section(panel, "Endpoints").get_by_text("%deploy")).to_be_visible()
    screenshot(page, f"sidebar-platform-down-{theme.lower()}")

    name = f"ridge in the {theme.lower()}"
    record_a_run(jupyterlab.root, name)
    runs = section(panel, "Runs")
    expect(runs.get_by_text(name)).to_be_visible()
    expect(runs.get_by_text(re.compile(r"roc_auc\s+0\.9123")).first).to_be_visible()
    screenshot(page, f"sidebar-with-a-run-{theme.lower()}")


def test_a_section_folds_by_keyboard_and_stays_folded(page: Page, jupyterlab: JupyterLab) -> None:
    jupyterlab.set_theme("Light")
    panel = open_sidebar(page, jupyterlab.fresh)
    head = panel.get_by_role("button", name=re.compile("^Jobs"))
    expect(head).to_have_attribute("aria-expanded", "true")
    with page.expect_response(_saves_what_is_folded):  # with a delay
        head.press("Enter")
    expect(head).to_have_attribute("aria-expanded", "false")
    expect(panel.get_by_text("%submit")).to_be_hidden()
    page.goto(jupyterlab.url)
    head = sidebar(page).get_by_role("button", name=re.compile("^Jobs"))
    expect(head).to_have_attribute("aria-expanded", "false")


def _saves_what_is_folded(response: Response) -> bool:
    asked = response.request
    saves = asked.method == "PUT" and "/api/workspaces/" in asked.url
    return saves and bool(re.search(r'"closed":\s*\["jobs"\]', asked.post_data or ""))


def test_the_palette_opens_the_sidebar(page: Page, jupyterlab: JupyterLab) -> None:
    page.goto(jupyterlab.fresh)
    page.get_by_role("tab", name="Labline").wait_for()
    choose(page, "Show Labline", page.get_by_role("region", name="Labline", exact=True))


def test_it_listens_while_shown_and_asks_nothing_while_hidden(
    page: Page, jupyterlab: JupyterLab
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def questions() -> int:
        return sum("/labline/api/" in url for url in asked)

    with page.expect_websocket(lambda socket: "/labline/api/events" in socket.url) as opened:
        open_sidebar(page, jupyterlab.fresh)
    page.wait_for_timeout(1_000)
    assert questions() > 0
    files = page.get_by_role("tab", name=re.compile("File Browser"))
    with opened.value.expect_event("close"):
        files.click()
    before = -1
    for _ in range(5):  # what was told last may still be asked for
        before = questions()
        page.wait_for_timeout(2_500)
        if questions() == before:
            break
    page.wait_for_timeout(2_500)
    assert questions() == before


def test_a_server_without_labline_is_explained(page: Page, jupyterlab: JupyterLab) -> None:
    """The server answers for real that its routes are not there, as without labline."""
    page.route(
        "**/labline/api/**",
        lambda route: route.continue_(url=route.request.url.replace("/labline/api/", "/no/where/")),
    )
    page.goto(jupyterlab.fresh)
    page.get_by_role("tab", name="Labline").click()
    panel = page.get_by_role("region", name="Labline")
    expect(panel.get_by_text("The server part of labline is missing.").last).to_be_visible()
    expect(panel.get_by_text("pip install labline")).to_be_visible()
    screenshot(page, "sidebar-server-part-missing")


def test_a_policy_that_breaks_is_explained_and_mends_by_itself(
    page: Page, jupyterlab: JupyterLab
) -> None:
    panel = open_sidebar(page, jupyterlab.fresh)
    policy = jupyterlab.root / "labline.toml"
    good = policy.read_text()
    policy.write_text('[project]\nnaem = "churn"\n')
    complaint = panel.locator("strong", has_text="labline.toml:2: unknown key 'naem'")
    expect(complaint).to_be_visible()
    expect(panel.get_by_text("Below is what was known")).to_be_visible()
    screenshot(page, "sidebar-policy-broken")
    policy.write_text(good)
    panel.get_by_role("button", name="Refresh").click()
    expect(complaint).to_be_hidden()


def write_notebook(path: Path, *sources: str, kernel: str = "python3") -> None:
    notebook = new_notebook(
        cells=[new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
    )
    path.write_text(writes(notebook))


def test_a_notebook_renamed_in_mid_session_is_recorded_by_a_button(
    page: Page, jupyterlab: JupyterLab
) -> None:
    """The kernel's own idea of its notebook is that of its start: the page knows better."""
    jupyterlab.set_theme("Light")
    write_notebook(jupyterlab.root / "draft.ipynb", "total = 6 * 7\ntotal")
    page.goto(jupyterlab.fresh.replace("/lab?", "/lab/tree/draft.ipynb?"))
    button = page.get_by_role("button", name="Record what this notebook runs")
    expect(button).to_be_enabled()
    page.get_by_role("tab", name="draft.ipynb").click(button="right")
    page.get_by_role("menuitem", name="Rename Notebook").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("final.ipynb")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="final.ipynb")).to_be_visible()

    button.press("Enter")
    recording = page.get_by_role("button", name="Recording: click to end and keep the run")
    expect(recording).to_be_visible()
    page.locator(".jp-Notebook .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output", has_text="42")).to_be_visible()
    screenshot(page, "notebook-recording-light")
    recording.click()
    expect(page.get_by_text("Recorded as run final")).to_be_visible()
    expect(button).to_be_visible()

    run = Lab.from_(jupyterlab.root).runs(limit=1)[0]
    assert (run.name, run.notebook) == ("final", "final.ipynb")
    assert page.locator(".jp-InputPrompt", has_text="[1]:").is_visible()


def test_a_kernel_without_labline_says_what_to_do(page: Page, jupyterlab: JupyterLab) -> None:
    write_notebook(
        jupyterlab.root / "bare.ipynb",
        "import sys\nsys.modules['labline'] = sys.modules['labline.kernel'] = None",
    )
    page.goto(jupyterlab.fresh.replace("/lab?", "/lab/tree/bare.ipynb?"))
    button = page.get_by_role("button", name="Record what this notebook runs")
    expect(button).to_be_enabled()
    page.locator(".jp-Notebook .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-InputPrompt", has_text="[1]:")).to_be_visible()
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("labline is not installed in the environment of this kernel")
    expect(dialog).to_contain_text("%pip install labline")
    screenshot(page, "notebook-kernel-without-labline")
