"""The documents of a society of garden plots, made the same each time: flat OpenDocument texts."""

import json
from pathlib import Path
from xml.sax.saxutils import escape

SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in {
        "office": "office",
        "style": "style",
        "text": "text",
        "table": "table",
        "fo": "xsl-fo-compatible",
    }.items()
)

STYLES = {
    "Standard": ("", "", "fo:font-size='11pt' fo:language='en' fo:country='GB'"),
    "Text body": ("Standard", "fo:margin-top='0cm' fo:margin-bottom='0.25cm' fo:line-height='115%'", ""),
    "Title": (
        "Standard",
        "fo:text-align='center' fo:margin-bottom='0.4cm'",
        "fo:font-size='24pt' fo:font-weight='bold'",
    ),
    "Subtitle": ("Standard", "fo:text-align='center' fo:margin-bottom='0.4cm'", "fo:font-size='16pt'"),
    "Heading 1": (
        "Standard",
        "fo:margin-top='0.5cm' fo:margin-bottom='0.2cm'",
        "fo:font-size='17pt' fo:font-weight='bold'",
    ),
    "Heading 2": (
        "Standard",
        "fo:margin-top='0.4cm' fo:margin-bottom='0.2cm'",
        "fo:font-size='14pt' fo:font-weight='bold'",
    ),
}
"""Display name -> parent, attributes of the paragraph, attributes of the text."""
PAGE = (
    "fo:page-width='21.0cm' fo:page-height='29.7cm' style:print-orientation='portrait' "
    "fo:margin-top='2cm' fo:margin-bottom='2cm' fo:margin-left='2cm' fo:margin-right='2cm'"
)

TEXTS: list[str] = []
"""What the paragraphs of the document say that is being made."""
WAS: dict[str, list[str]] = {}
"""Document -> its paragraphs, for the checks of tasks that are to leave them as they are."""


def coded(name: str) -> str:
    """A style's name as documents have it."""
    return name.replace(" ", "_20_")


def style(name: str, parent: str, paragraph: str, text: str) -> str:
    level = f" style:default-outline-level='{name[-1]}'" if name.startswith("Heading") else ""
    above = f" style:parent-style-name='{coded(parent)}'" if parent else ""
    return (
        f"<style:style style:name='{coded(name)}' style:display-name='{name}' style:family='paragraph'"
        f"{above}{level} style:class='text'><style:paragraph-properties {paragraph}/>"
        f"<style:text-properties {text}/></style:style>"
    )


def paragraph(text: str, called: str = "Text body") -> str:
    TEXTS.append(text)
    if called.startswith("Heading"):
        return f"<text:h text:style-name='{coded(called)}' text:outline-level='{called[-1]}'>{escape(text)}</text:h>"
    return f"<text:p text:style-name='{coded(called)}'>{escape(text)}</text:p>"


def table(name: str, rows: list[list[str]]) -> str:
    lines = [
        "<table:table-row>"
        + "".join(
            f"<table:table-cell office:value-type='string'>{paragraph(cell, 'Standard')}</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    ]
    columns = f"<table:table-column table:number-columns-repeated='{len(rows[0])}'/>"
    return f"<table:table table:name='{name}'>{columns}{''.join(lines)}</table:table>"


def write(name: str, body: list[str]) -> None:
    WAS[f"{name}.odt"] = TEXTS.copy()
    TEXTS.clear()
    styles = "".join(style(called, *told) for called, told in STYLES.items())
    Path(f"{name}.fodt").write_text(
        f"<?xml version='1.0' encoding='UTF-8'?><office:document {SPACES} office:version='1.3' "
        'office:mimetype="application/vnd.oasis.opendocument.text">'
        f"<office:styles>{styles}</office:styles>"
        f"<office:automatic-styles><style:page-layout style:name='pm1'><style:page-layout-properties {PAGE}/>"
        "</style:page-layout></office:automatic-styles>"
        "<office:master-styles><style:master-page style:name='Standard' style:page-layout-name='pm1'/></office:master-styles>"
        f"<office:body><office:text>{''.join(body)}</office:text></office:body></office:document>",
        encoding="utf-8",
    )


def minutes() -> None:
    plain = [
        "Minutes of the committee meeting",
        "Tuesday, 12 March 2024, in the clubhouse",
        "Present",
        "Petra Lindqvist",
        "Aaron Webb",
        "Maryam Sadeghi",
        "Tom Hollis",
        "Bea Castellano",
        "Water",
        "Mr Hollis reported that the old pump lost a third of its pressure over the winter. A new pump costs 640 "
        "pounds. The committee agreed to buy it before the first of April.",
        "The barrels beside the lower gate are empty. Mr Hollis and Bea Castellano will fill them by hand until the "
        "pump is there.",
        "Open day",
        "The open day is on Sunday, 9 June. Maryam Sadeghi asks the bakery for a tent. Mr Hollis puts up the signs at "
        "the road, as he did last year.",
        "Last year 86 visitors came, although it rained. We print 200 leaflets.",
        "Next meeting",
        "Tuesday, 9 April 2024, at half past seven.",
    ]
    write("minutes", [paragraph(one) for one in plain])


def section(head: str, *texts: str, level: int = 1) -> list[str]:
    return [paragraph(head, f"Heading {level}"), *map(paragraph, texts)]


def plots() -> list[str]:
    """The first part of the handbook."""
    return [
        paragraph("Handbook for members", "Title"),
        paragraph("Hillside Gardens", "Subtitle"),
        paragraph(
            "Who takes over a plot at Hillside Gardens becomes a member of the society. This handbook tells what "
            "members may expect of each other. It was agreed at the general meeting of 2023."
        ),
        *section(
            "Plots",
            "There are 64 plots, each of about 200 square metres. A plot is let for a year, from the first of "
            "March. It may not be passed on without the committee.",
            "Two thirds of a plot are for vegetables, fruit and flowers. The rest may be lawn.",
        ),
        *section(
            "Sheds",
            "A shed may be six square metres large and two and a half metres high. Please ask before you "
            "build. Sheds of asbestos are taken down at the cost of the tenant.",
            level=2,
        ),
        *section(
            "Hedges",
            "Hedges along the paths are cut twice a year, in June and in October, to the height of a metre.",
            level=2,
        ),
        *section(
            "Fees",
            "The fees for a year are due on the first of March. Members who pay later than April owe a "
            "surcharge of ten pounds.",
        ),
        table(
            "Fees",
            [
                ["What", "Pounds"],
                ["Plot", "48"],
                ["Water", "22"],
                ["Insurance", "9"],
                ["Newsletter", "4"],
            ],
        ),
    ]


def work() -> list[str]:
    """The second part of the handbook."""
    return [
        *section(
            "Water",
            "Water is on from April to October. Hoses are allowed before nine in the morning and after six in the "
            "evening. Fill your barrel when it rains.",
            "Report a dripping tap to the water warden, whose number is on the board at the clubhouse.",
        ),
        *section(
            "Work for all",
            "Each member works eight hours a year for all: on paths, hedges and the clubhouse. Who "
            "cannot, pays six pounds for an hour.",
            "The dates are these:",
        ),
        *map(
            paragraph,
            [
                "Saturday, 16 March: paths",
                "Saturday, 25 May: hedges",
                "Saturday, 7 September: clubhouse",
                "Saturday, 19 October: compost",
            ],
        ),
        *section(
            "Compost",
            "Put only plants on the compost. Meat, bread and cooked food bring rats. Ash of untreated "
            "wood is welcome. Thorny branches go to the shredder, which is open on the first Saturday of a month.",
            "Compost is shared out in spring: three barrows for each plot.",
        ),
        *section(
            "Animals",
            "Hens may be kept if the neighbours agree. Bees need the consent of the committee and a place at "
            "the upper edge. Dogs are on a lead on all paths.",
        ),
        *section(
            "Leaving",
            "A plot is given back at the end of February. Tell the committee three months before. What stays on "
            "the plot is valued by two members, and paid by who comes next.",
        ),
    ]


def letter() -> None:
    plain = [
        "Hillside Gardens",
        "14 Quarry Lane",
        "Fernley FE3 8QT",
        "",
        "Marlow Pumps Ltd",
        "Station Yard 2",
        "Fernley FE1 2AB",
        "",
        "20 March 2024",
        "",
        "Order of a water pump",
        "",
        "Dear Mr Marlow,",
        "Thank you for your offer of 14 March. We order one pump, model MP 640, with a hose of 25 metres and two couplings.",
        "Please deliver it to the clubhouse in Quarry Lane before the first of April. Somebody is there on Saturdays from nine "
        "to twelve, and on other days if you call before.",
        "We pay within 14 days after delivery. Please write our number of order, HG 24-07, on the invoice.",
        "Yours sincerely,",
        "",
        "Petra Lindqvist",
        "Treasurer",
    ]
    body = [paragraph(one, "Standard" if len(one) < 60 else "Text body") for one in plain]
    write("letter", body)


minutes()
write("handbook", [*plots(), *work()])
letter()
Path(".was.json").write_text(json.dumps(WAS), encoding="utf-8")
