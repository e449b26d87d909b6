"""Scripts that solve tasks of Spider2-V: actions as an agent would write them."""

from __future__ import annotations

FILL = "press Alt+Enter"
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
NEW = ('click [menuitem "Sheet > Insert Sheet at End..."]', 'click [button "OK"]')
MONTHS = tuple(f'type "{month}" into [cell "A{at}"]' for at, month in enumerate(NAMES, 2))
SUMS = tuple(
    f'type "=SUM(Sheet1.{letter}2:{letter}11)" into [cell "B{at}"]' for at, letter in enumerate("BCDEFG", 2)
)
SUMMARY = r"=$A$1&\": \"&$A2&\", \"&$B$1&\": \"&$B2&\", \"&$C$1&\": \"&$C2"
EXCEL: dict[tuple[str, str], tuple[str, ...]] = {
    ("1e8df695", "2cb129af"): (
        'type "Profit" into [cell "D1"]',
        'click [cell "D2:D11"]',
        'type "=B2-C2"',
        FILL,
    ),
    ("4172ea6e", "ba429e57"): (
        'type "Maturity Date" into [cell "C1"]',
        'click [cell "C2:C10"]',
        'type "=A2+B2"',
        FILL,
        'click [cell "C2:C10"]',
        'click [menuitem "Format > Number Format > Date"]',
    ),
    ("852527e8", "140d48aa"): (
        'type "Week Sales COGS Summary" into [cell "D1"]',
        'click [cell "D2:D11"]',
        f'type "{SUMMARY}"',
        FILL,
    ),
    ("0acbd372", "5e34cd6b"): (
        'type "Net Income" into [cell "C1"]',
        'click [cell "C2:C20"]',
        'type "=A2-B2"',
        FILL,
        'click [cell "A2:C20"]',
        'click [menuitem "Format > Number Format > Currency"]',
    ),
    ("42e0a640", "7351096b"): (
        *NEW,
        'type "Total Revenue" into [cell "A1"]',
        'type "Total Expenses" into [cell "B1"]',
        'type "=SUM(Sheet1.A2:A20)" into [cell "A2"]',
        'type "=SUM(Sheet1.B2:B20)" into [cell "B2"]',
    ),
    ("65551792", "d6238948"): (
        *NEW,
        'type "Year" into [cell "A1"]',
        'type "Gross Profit" into [cell "B1"]',
        'click [cell "A2:A10"]',
        'type "=Sheet1.A2"',
        FILL,
        'click [cell "B2:B10"]',
        'type "=SUM(Sheet1.B2:D2)-SUM(Sheet1.F2:H2)"',
        FILL,
    ),
    ("26a8440e", "fd858337"): (
        *NEW,
        'type "Month" into [cell "A1"]',
        'type "Total" into [cell "B1"]',
        *MONTHS,
        *SUMS,
    ),
    ("1273e544", "e7f961bb"): (*NEW, 'click [cell "A1:A20"]', 'type "=Sheet1.A1"', FILL),
}


def shell(*commands: str) -> tuple[str, ...]:
    """Commands in a terminal that is opened for them."""
    typed = (f"pyautogui.write({command + chr(10)!r})" for command in commands)
    return ("open Terminal", "wait", "wait", *typed)


def here(*commands: str) -> tuple[str, ...]:
    """Commands in the terminal that a task begins with."""
    return tuple(f"pyautogui.write({command + chr(10)!r})" for command in commands)


GAMES = """
import pandas as pd
summer, winter = (pd.read_csv(f"Athletes_{one}_games.csv") for one in ("summer", "winter"))
rows = [("Winter", winter.Games.nunique()), ("Summer", summer.Games.nunique())]
pd.DataFrame(rows, columns=["Season", "Total # of Games"]).to_csv("allGames.csv", index=False)
"""
SAVED = ("press Control+s", "wait", "wait")
JUPYTER: dict[tuple[str, str], tuple[str, ...]] = {
    ("575a50fd", "e316bdce"): (
        'click [menuitem "Edit"]',
        'click [menuitem "Clear Outputs of All Cells"]',
        *SAVED,
    ),
    ("8ecc0ac2", "4f9794ae"): (
        'click [menuitem "Run"]',
        'click [menuitem "Run All Cells"]',
        *SAVED,
    ),
    ("2ed53418", "c0e9c1bc"): (*here("jupyter kernelspec remove -y jupyterlab"), "wait", "wait"),
    ("8259543a", "6e8e092e"): (*shell("cp sports-products.ipynb Desktop/submission.ipynb"), "wait"),
    ("cad93c85", "00b43a0a"): (
        *shell("cd Desktop", f"python - <<'END'{GAMES}END"),
        "time.sleep(4)",
    ),
}
COLUMNS = (
    "customers.customer_id, customers.first_name, customers.last_name, customer_orders.first_order_date, "
    "customer_orders.most_recent_order_date, "
    "coalesce(customer_orders.number_of_orders, 0) as number_of_orders"
)
READY = "import os; [time.sleep(1) for _ in range(50) if not os.path.exists('/tmp/ready')]"
BUILT = (*here("touch /tmp/ready"), READY, READY, READY)
"""Until what runs in the terminal has ended."""
DBT: dict[tuple[str, str], tuple[str, ...]] = {
    ("1137ff65", "deb61207"): (
        *here(
            "sed -i 's/materialized: view/materialized: table/' dbt_project.yml",
            "sed -i \"s/materialized='view'/materialized='table'/\" models/test/*.sql; dbt run",
        ),
        *BUILT,
    ),
    ("8ff98608", "6fde95d5"): (
        *here(f"sed -i 's|/. code here ./|{COLUMNS}|' models/customers.sql; dbt seed && dbt run"),
        *BUILT,
    ),
}
SENSOR = """
import os
from dagster import RunConfig, RunRequest, sensor
from .log_file_job import FileConfig, log_file_job
FILES = "/home/user/file-watch-sensor/files"
@sensor(job=log_file_job, minimum_interval_seconds=3)
def directory_sensor():
    for name in os.listdir(FILES):
        yield RunRequest(name, RunConfig(ops={"process_file": FileConfig(filename=name)}))
"""
WATCHED = """
from dagster import Definitions
from .directory_sensor import directory_sensor
defs = Definitions(sensors=[directory_sensor])
"""
SIZES = """
import os
from dagster import get_dagster_logger, job, op
@op
def get_file_sizes():
    there = [one for one in os.listdir("files") if os.path.isfile("files/" + one)]
    return {one: os.path.getsize("files/" + one) for one in there}
@op
def get_total_file_size(file_sizes):
    return sum(file_sizes.values())
@op
def get_max_file_size(file_sizes):
    return max(file_sizes.values())
@op
def report_file_stats(total_size, max_size):
    get_dagster_logger().info(f"Total size: {total_size}, max size: {max_size}")
@job
def file_sizes_job():
    sizes = get_file_sizes()
    report_file_stats(get_total_file_size(sizes), get_max_file_size(sizes))
"""
SERVED = "time.sleep(25)"
"""Until a server answers."""
DAGSTER: dict[tuple[str, str], tuple[str, ...]] = {
    ("1a57b227", "a627dc80"): (
        *here("dagster project scaffold --name dagster-proj --ignore-package-conflict"),
        *BUILT,
    ),
    ("0dff0011", "490e10e0"): (*shell("cd ~/dagster-proj", "dagster dev -p 8004"), SERVED, SERVED),
    ("8a8b875d", "aa012184"): (
        *shell(
            "cd ~/file-ops-and-jobs",
            f"cat > file_sizes_job.py <<'END'{SIZES}END",
            "dagster dev -f file_sizes_job.py",
        ),
        SERVED,
        SERVED,
    ),
    ("46eb418d", "28b33444"): (
        *shell(
            "cd ~/file-watch-sensor",
            f"cat > file_watch_sensor/directory_sensor.py <<'END'{SENSOR}END",
            f"cat > file_watch_sensor/__init__.py <<'END'{WATCHED}END",
            "dagster sensor start directory_sensor",
        ),
        *BUILT,
    ),
}
SCRIPTS = {
    "spider2v-jupyter": JUPYTER,
    "spider2v-dbt": DBT,
    "spider2v-dagster": DAGSTER,
    "spider2v": EXCEL,
}
"""Benchmark -> first digits of a task's id, and of the same task in other words -> actions."""
