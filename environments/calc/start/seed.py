"""The spreadsheets of a small coffee roastery, made the same each time."""

import datetime as dt
import random

from openpyxl import Workbook

CUSTOMERS = ["Cafe Nord", "Mill Bakery", "Harbour Inn", "Studio 12", "Green Deli", "Book Corner"]
BEANS = {"Kenya": 14.5, "Peru": 11.0, "Sumatra": 12.25, "House Blend": 9.8}


def orders() -> None:
    dice = random.Random(4)
    book = Workbook()
    sheet = book.active
    sheet.title = "Orders"
    sheet.append(["Order", "Date", "Customer", "Bean", "Kilos", "Price"])
    for number in range(24):
        bean = dice.choice(list(BEANS))
        day = dt.date(2024, 3, 1) + dt.timedelta(days=dice.randrange(60))
        sheet.append([1001 + number, day, dice.choice(CUSTOMERS), bean, dice.randrange(2, 31), BEANS[bean]])
    for row in sheet.iter_rows(min_row=2):
        row[1].number_format = "yyyy-mm-dd"
    sheet.column_dimensions["B"].width = 12
    sheet.column_dimensions["C"].width = 14
    sheet.column_dimensions["D"].width = 13
    prices = book.create_sheet("Prices")
    prices.append(["Bean", "Price a kilo"])
    for bean, price in BEANS.items():
        prices.append([bean, price])
    prices.column_dimensions["A"].width = 13
    book.save("orders.xlsx")


def staff() -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Staff"
    for row in [
        ["Name", "Role", "Hours a week", "Wage", "Start"],
        ["Ana Ruiz", "Roaster", 38, 21.5, dt.date(2019, 5, 2)],
        ["Ben Okafor", "Barista", 24, 16.0, dt.date(2022, 9, 12)],
        ["Chloe Martin", "Manager", 40, 27.0, dt.date(2017, 1, 9)],
        ["Dev Patel", "Driver", 30, 17.25, dt.date(2021, 3, 22)],
        ["Ella Novak", "Barista", 20, 16.0, dt.date(2023, 6, 1)],
        ["Farid Haddad", "Roaster", 36, 20.75, dt.date(2020, 11, 16)],
        ["Ben Okafor", "Barista", 24, 16.0, dt.date(2022, 9, 12)],
    ]:
        sheet.append(row)
    for row in sheet.iter_rows(min_row=2):
        row[4].number_format = "yyyy-mm-dd"
    sheet.column_dimensions["A"].width = 15
    sheet.column_dimensions["E"].width = 12
    book.save("staff.xlsx")


def budget() -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Budget"
    sheet.append(["Item", "Jan", "Feb", "Mar", "Apr"])
    for row in [
        ["Green beans", 4200, 3900, 4650, 4480],
        ["Rent", 1800, 1800, 1800, 1800],
        ["Wages", 9450, 9450, 9720, 9720],
        ["Packaging", 610, 580, 705, 640],
        ["Delivery", 420, 395, 510, 465],
    ]:
        sheet.append(row)
    sheet.column_dimensions["A"].width = 14
    book.create_sheet("Notes")["A1"] = "Draft, to be agreed with Chloe"
    book.save("budget.xlsx")


orders()
staff()
budget()
