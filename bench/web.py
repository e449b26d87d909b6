"""What a step, a reset and an observation of the web environment cost, beside BrowserGym on the same pages.

    python bench/web.py [--rounds 10] [--model MODEL] [--browsergym PYTHON] [--out FILE.json]

The browser alone, which only opens the pages, is measured too: a step cannot cost less.

The pages are those of environments/trac. BrowserGym needs an older Playwright, and so an interpreter of its
own, in which `pip install browsergym-core==0.14.3` was done; it acts on an instance that this program serves,
with its defaults and with its sleeps off. Both do the same: open a page, scroll, go to another, and back.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from result import report, tokens

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.environments.web.actions import action
from learn_by_interact.environments.web.browser import browser, program
from learn_by_interact.environments.web.environment import WebEnvironment
from learn_by_interact.types import Task

PAGES = ("/wiki/TracTickets", "/report/1", "/newticket", "/roadmap", "/ticket/1")
STEPS = ("goto {page}", "scroll down", "goto /roadmap", "back")
OTHER = r"""
import json, sys, time
import gymnasium as gym
import browsergym.core

url, program, rounds, pages, sleeps = *sys.argv[1:4], json.loads(sys.argv[4]), sys.argv[5]
rounds = int(rounds)
waits = {} if sleeps == "on" else {"pre_observation_delay": 0.0}
# Its chat has a browser of its own, for which there is no setting.
from playwright.sync_api import BrowserType
launch = BrowserType.launch
BrowserType.launch = lambda self, **more: launch(self, **{"executable_path": program, **more})
resets, steps = [], []
env = gym.make("browsergym/openended", task_kwargs={"start_url": url}, headless=True, **waits)
if sleeps == "off":
    import browsergym.core.env as module
    module.time = type("Time", (), {"sleep": staticmethod(lambda _: None), "time": staticmethod(time.time)})
for _ in range(min(rounds, 3)):
    begin = time.perf_counter()
    env.reset()
    resets.append(time.perf_counter() - begin)
for _ in range(rounds):
    for page in pages:
        for act in (f'goto("{url}{page}")', "scroll(0, 800)", f'goto("{url}/roadmap")', "go_back()"):
            begin = time.perf_counter()
            env.step(act)
            steps.append(time.perf_counter() - begin)
env.close()
print(json.dumps({"resets": resets, "steps": steps}))
"""


def ours(rounds: int, model: str) -> tuple[dict[str, Any], FolderBenchmark]:
    """Seconds and sizes over `rounds` times all pages; tokens where a model is named."""
    benchmark = FolderBenchmark(Path(__file__).parent.parent / "environments" / "trac")
    resets, steps, texts = [], [], []
    with benchmark.environment() as environment:
        assert isinstance(environment, WebEnvironment)
        for number in range(rounds):
            begin = time.perf_counter()
            environment.reset(Task(environment="trac", instruction="", setup={"page": "/"}))
            resets.append(time.perf_counter() - begin)
            for page in PAGES:
                for written in STEPS:
                    begin = time.perf_counter()
                    seen = environment.step(action(written.format(page=page)))
                    steps.append(time.perf_counter() - begin)
                    texts.append(seen.text)
            # Something to put back.
            environment.step(action("goto /wiki/SandBox?action=edit"))
            if number % 2 == 0 and "textbox" in str(environment.step(action("goto /newticket")).text):
                environment.step(action('type "Something to put back" into [textbox "Summary:"]'))
                environment.step(action('click [button "Create ticket"]'))
    sizes = [len(text) for text in texts]
    return {
        "reset_s": round(statistics.median(resets), 3),
        "reset_p95_s": round(sorted(resets)[int(len(resets) * 0.95)], 3),
        "step_s": round(statistics.median(steps), 3),
        "mean_step_s": round(statistics.mean(steps), 3),
        "step_p95_s": round(sorted(steps)[int(len(steps) * 0.95)], 3),
        "steps_per_second": round(1 / statistics.mean(steps), 1),
        "observation_chars_median": int(statistics.median(sizes)),
        "observation_chars_max": max(sizes),
        **(tokens(model, texts) if model else {}),
    }, benchmark


def bare(benchmark: FolderBenchmark, rounds: int) -> dict[str, float]:
    """Median and mean of the browser alone, until a page has loaded; nothing is read from it."""
    steps: list[float] = []
    with benchmark.environment() as environment:
        assert isinstance(environment, WebEnvironment)
        environment.reset(Task(environment="trac", instruction=""))
        page, url = browser().new_page(), environment.application.url
        for path in rounds * PAGES:
            acts: list[Callable[[], Any]] = [
                partial(page.goto, f"{url}{path}"),
                partial(page.mouse.wheel, 0, 600),
                partial(page.goto, f"{url}/roadmap"),
                page.go_back,
            ]
            for act in acts:
                begin = time.perf_counter()
                act()
                steps.append(time.perf_counter() - begin)
        page.close()
    return {
        "browser_alone_step_s": round(statistics.median(steps), 3),
        "browser_alone_mean_step_s": round(statistics.mean(steps), 3),
    }


def other(python: str, benchmark: FolderBenchmark, rounds: int, sleeps: str) -> dict[str, float]:
    """Medians of BrowserGym, on an instance served here."""
    with benchmark.environment() as environment:
        assert isinstance(environment, WebEnvironment)
        environment.reset(Task(environment="trac", instruction=""))
        arguments = [environment.application.url, program(), str(rounds), json.dumps(PAGES), sleeps]
        done = subprocess.run(
            [python, "-c", OTHER, *arguments], capture_output=True, text=True, timeout=1800, check=True
        )
    seconds = json.loads(done.stdout.strip().splitlines()[-1])
    return {
        f"browsergym_sleeps_{sleeps}_reset_s": round(statistics.median(seconds["resets"]), 3),
        f"browsergym_sleeps_{sleeps}_step_s": round(statistics.median(seconds["steps"]), 3),
    }


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--model", default="", help="whose tokens an observation is counted in")
    parser.add_argument("--browsergym", help="the Python that has browsergym-core")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures, benchmark = ours(options.rounds, options.model)
    figures |= bare(benchmark, max(1, options.rounds // 2))
    for sleeps in ("on", "off") if options.browsergym else ():
        figures |= other(options.browsergym, benchmark, max(1, options.rounds // 5), sleeps)
    report("web", figures, {"reset_s": 1.0, "step_s": 0.3}, options.out)


if __name__ == "__main__":
    main()
