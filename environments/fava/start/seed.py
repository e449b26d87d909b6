"""Write ledger.beancount: fifteen months of the books of a small bakery, the same each time."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

ACCOUNTS = """Assets:Bank:Checking Assets:Bank:Savings Assets:Cash Assets:Equipment Assets:Receivable:CafeLuna
Assets:Receivable:HotelAster Liabilities:CreditCard Liabilities:Loan:Oven Equity:Opening Income:Sales:Shop
Income:Sales:Catering Income:Sales:Market Income:Interest Expenses:Ingredients:Flour Expenses:Ingredients:Dairy
Expenses:Ingredients:Fruit Expenses:Wages Expenses:Rent Expenses:Energy:Electricity Expenses:Energy:Gas
Expenses:Insurance Expenses:Marketing Expenses:Repairs Expenses:Vehicle:Fuel Expenses:Vehicle:Service
Expenses:Fees:Bank Expenses:Training""".split()
BEGIN, END = date(2023, 4, 1), date(2024, 6, 14)
Posting = tuple[str, str]
SHORT = {
    "luna": "Assets:Receivable:CafeLuna",
    "aster": "Assets:Receivable:HotelAster",
    "catering": "Income:Sales:Catering",
    "market": "Income:Sales:Market",
    "checking": "Assets:Bank:Checking",
    "savings": "Assets:Bank:Savings",
    "card": "Liabilities:CreditCard",
    "cash": "Assets:Cash",
}
ONCE = """
2023-05-20 | Cafe Luna | Cakes for the anniversary | luna 420.00, catering | ^invoice-101
2023-06-09 | Cafe Luna | Invoice 101 paid | checking 420.00, luna | ^invoice-101
2023-07-15 | Spring market | Stand, summer fair | cash 610.00, market | #summer-fair
2023-07-15 | City council | Fee for the stand | Expenses:Marketing 45.00, cash | #summer-fair
2023-07-14 | Paper Mill | Flyers | Expenses:Marketing 88.40, card | #summer-fair
2023-09-03 | Kiln & Co | Oven door repaired | Expenses:Repairs 312.70, checking |
2023-10-10 | Allsafe | Insurance, a year | Expenses:Insurance 740.00, checking |
2023-11-18 | Hotel Aster | Breakfast for a conference | aster 1280.00, catering | ^invoice-102
2023-12-16 | Christmas market | Stand, four days | cash 1935.00, market | #christmas
2023-12-14 | Paper Mill | Gift boxes | Expenses:Marketing 164.20, card | #christmas
2023-12-31 | City Bank | Interest | Income:Interest -61.25, savings |
2024-01-08 | Hotel Aster | Invoice 102 paid | checking 1280.00, aster | ^invoice-102
2024-01-22 | Baker's Guild | Course, sourdough | Expenses:Training 260.00, checking |
2024-02-06 | Red Garage | Van, inspection | Expenses:Vehicle:Service 438.90, checking |
2024-02-19 | Petrol One | Fuel | Expenses:Vehicle:Fuel 71.30, card |
2024-03-14 | Cafe Luna | Pies, spring menu | luna 365.00, catering | ^invoice-103
2024-04-02 | Petrol One | Fuel | Expenses:Vehicle:Fuel 68.45, card |
2024-04-20 | Orchard Hill | Apples and plums | Expenses:Ingredients:Fruit 215.60, cash |
2024-05-07 | Kiln & Co | Mixer, new belt | Expenses:Repairs 94.15, checking |
2024-05-24 | Hotel Aster | Wedding cake | aster 540.00, catering | ^invoice-104
2024-06-03 | Orchard Hill | Cherries | Expenses:Ingredients:Fruit 132.80, cash |
"""
"""What happened once, and what tasks ask about: day, payee, narration, postings, tags and links."""


def main() -> None:
    """All directives in the order of their dates."""
    lines = [
        'option "title" "Corner Bakery"',
        'option "operating_currency" "EUR"',
        "",
        *(f"2023-04-01 open {account} EUR" for account in ACCOUNTS),
        "2023-04-01 commodity EUR",
        "",
        '2023-04-01 custom "budget" Expenses:Marketing "monthly" 120.00 EUR',
        '2023-04-01 custom "budget" Expenses:Energy:Electricity "monthly" 210.00 EUR',
        '2023-04-01 query "wages" "SELECT year, month, sum(position) WHERE account ~ \'Wages\' GROUP BY year, month"',
        "",
    ]
    for day, text in sorted([*transactions(), *extras()], key=lambda one: one[0]):
        lines += [f"{day} {text}", ""]
    Path("ledger.beancount").write_text("\n".join(lines), encoding="utf-8")


def entry(day: date, payee: str, narration: str, *postings: Posting, mark: str = "") -> tuple[date, str]:
    """A transaction; a posting without an amount takes the rest."""
    head = f'* "{payee}" "{narration}"{mark}'
    rows = [f"  {account}" + (f"  {amount} EUR" if amount else "") for account, amount in postings]
    return day, "\n".join([head, *rows])


def transactions() -> list[tuple[date, str]]:
    """What comes again and again, with amounts that follow from the dates."""
    found = [
        entry(
            BEGIN,
            "",
            "Opening balances",
            ("Assets:Bank:Checking", "8200.00"),
            ("Assets:Bank:Savings", "5000.00"),
            ("Assets:Cash", "350.00"),
            ("Assets:Equipment", "14500.00"),
            ("Liabilities:Loan:Oven", "-9000.00"),
            ("Equity:Opening", ""),
        )
    ]
    day = BEGIN
    while day <= END:
        found += daily(day)
        day += timedelta(days=1)
    return found


def daily(day: date) -> list[tuple[date, str]]:
    """The transactions of one day."""
    found = []
    week, month = day.isocalendar().week, day.month
    checking = ("Assets:Bank:Checking", "")
    if day.weekday() == 5:
        sales = f"-{1450 + 35 * (week % 9) + 0.5 * month:.2f}"
        found.append(entry(day, "Till", "Sales of the week", ("Income:Sales:Shop", sales), checking))
    if day.weekday() == 2 and week % 2:
        flour = f"{180 + 6 * (week % 5):.2f}"
        found.append(
            entry(day, "Miller & Sons", "Flour, 200 kg", ("Expenses:Ingredients:Flour", flour), checking)
        )
    if day.weekday() == 0:
        dairy = f"{96 + 4 * (week % 6):.2f}"
        found.append(
            entry(
                day, "Green Valley Dairy", "Butter and milk", ("Expenses:Ingredients:Dairy", dairy), checking
            )
        )
    if day.day == 1:
        found.append(entry(day, "Harbour Estates", "Rent", ("Expenses:Rent", "980.00"), checking))
        found.append(entry(day, "City Bank", "Account fee", ("Expenses:Fees:Bank", "7.50"), checking))
    if day.day == 5:
        found.append(
            entry(
                day,
                "City Bank",
                "Oven loan, rate",
                ("Liabilities:Loan:Oven", "240.00"),
                ("Expenses:Fees:Bank", "31.00"),
                checking,
            )
        )
    if day.day == 12:
        power = f"{190 + 7 * (month % 6):.2f}"
        card = ("Liabilities:CreditCard", "")
        found.append(entry(day, "Northlight", "Electricity", ("Expenses:Energy:Electricity", power), card))
    if day.day == 28:
        wages = "3150.00" if day < date(2024, 1, 1) else "3290.00"
        found.append(entry(day, "Staff", "Wages", ("Expenses:Wages", wages), checking))
        card = ("Liabilities:CreditCard", f"{190 + 7 * (month % 6):.2f}")
        found.append(entry(day, "City Bank", "Credit card payment", card, checking))
    return found


def extras() -> list[tuple[date, str]]:
    """What happened once."""
    found = []
    for line in ONCE.strip().split("\n"):
        day, payee, narration, written, mark = (part.strip() for part in line.split("|"))
        postings = []
        for one in written.split(", "):
            account, _, amount = one.partition(" ")
            postings.append((SHORT.get(account, account), amount))
        marked = f" {mark}" if mark else ""
        found.append(entry(date.fromisoformat(day), payee, narration, *postings, mark=marked))
    return [
        *found,
        (date(2023, 9, 4), 'note Expenses:Repairs "Guarantee of the oven door: two years"'),
        (date(2024, 2, 6), 'note Expenses:Vehicle:Service "Next inspection in February 2026"'),
        (date(2023, 4, 1), 'event "baker" "Olga"'),
        (date(2024, 1, 15), 'event "baker" "Milan"'),
    ]


main()
