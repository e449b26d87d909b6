"""The spreadsheets of a small coffee roastery, made the same each time."""

import datetime as dt
import random

from openpyxl import Workbook

CUSTOMERS = ["Cafe Nord", "Mill Bakery", "Harbour Inn", "Studio 12", "Green Deli", "Book Corner"]
BEANS = {"Kenya": 14.5, "Peru": 11.0, "Sumatra": 12.25, "House Blend": 9.8}


def started(title: str, rows: list[list], **widths: float):
    """A workbook whose first sheet has these rows, and that sheet; `widths` of its columns."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for column, width in widths.items():
        sheet.column_dimensions[column].width = width
    return book, sheet


def dated(sheet, column: int) -> None:
    for row in sheet.iter_rows(min_row=2):
        row[column].number_format = "yyyy-mm-dd"


def orders() -> None:
    dice = random.Random(4)
    rows = [["Order", "Date", "Customer", "Bean", "Kilos", "Price"]]
    for number in range(24):
        bean = dice.choice(list(BEANS))
        day = dt.date(2024, 3, 1) + dt.timedelta(days=dice.randrange(60))
        rows.append([1001 + number, day, dice.choice(CUSTOMERS), bean, dice.randrange(2, 31), BEANS[bean]])
    book, sheet = started("Orders", rows, B=12, C=14, D=13)
    dated(sheet, 1)
    prices = book.create_sheet("Prices")
    prices.append(["Bean", "Price a kilo"])
    for bean, price in BEANS.items():
        prices.append([bean, price])
    prices.column_dimensions["A"].width = 13
    book.save("orders.xlsx")


def staff() -> None:
    rows = [
        ["Name", "Role", "Hours a week", "Wage", "Start"],
        ["Ana Ruiz", "Roaster", 38, 21.5, dt.date(2019, 5, 2)],
        ["Ben Okafor", "Barista", 24, 16.0, dt.date(2022, 9, 12)],
        ["Chloe Martin", "Manager", 40, 27.0, dt.date(2017, 1, 9)],
        ["Dev Patel", "Driver", 30, 17.25, dt.date(2021, 3, 22)],
        ["Ella Novak", "Barista", 20, 16.0, dt.date(2023, 6, 1)],
        ["Farid Haddad", "Roaster", 36, 20.75, dt.date(2020, 11, 16)],
        ["Ben Okafor", "Barista", 24, 16.0, dt.date(2022, 9, 12)],
    ]
    book, sheet = started("Staff", rows, A=15, E=12)
    dated(sheet, 4)
    book.save("staff.xlsx")


def budget() -> None:
    rows = [
        ["Item", "Jan", "Feb", "Mar", "Apr"],
        ["Green beans", 4200, 3900, 4650, 4480],
        ["Rent", 1800, 1800, 1800, 1800],
        ["Wages", 9450, 9450, 9720, 9720],
        ["Packaging", 610, 580, 705, 640],
        ["Delivery", 420, 395, 510, 465],
    ]
    book, _ = started("Budget", rows, A=14)
    book.create_sheet("Notes")["A1"] = "Draft, to be agreed with Chloe"
    book.save("budget.xlsx")


orders()
staff()
budget()
