"""Fills the new project, first with what seed.py has, then with wiki pages."""

from seed import at, env
from trac.wiki.model import WikiPage

# Of the manual that Trac brings along, the pages for its users stay.
MANUAL = """
CamelCase InterMapTxt InterTrac InterWiki PageTemplates RecentChanges SandBox TicketQuery TitleIndex TracAccessibility
TracBatchModify TracGuide TracLinks TracNotification TracQuery TracReports TracRoadmap TracRss TracSearch TracSupport
TracSyntaxColoring TracTickets TracTimeline TracWiki TracWorkflow WikiDeletePage WikiFormatting WikiHtml WikiMacros
WikiNewPage WikiPageNames WikiProcessors WikiRestructuredText WikiRestructuredTextLinks WikiStart
""".split()
with env.db_transaction as db:
    for (name,) in list(db("SELECT DISTINCT name FROM wiki")):
        if name not in MANUAL:
            db("DELETE FROM wiki WHERE name = %s", (name,))
    db("UPDATE wiki SET time = %s", (1700000000000000,))


def page(name, *versions):
    """A version is (day, author, comment, text)."""
    for day, author, comment, text in versions:
        made = WikiPage(env, name)
        made.text = text
        made.save(author, comment, t=at(day, 14))


START = """= Lumen

Lumen is a photo manager for the desktop. This is where the team works.

 * ReleasePlan: what is planned for when
 * TeamContacts: who does what
 * MeetingNotes: what was decided
 * CodingStyle and HowToRelease: how we work
 * UserManual, KeyboardShortcuts and ImportFormats: for the people who use Lumen
 * TracGuide: how to use this site
"""
page(
    "WikiStart",
    ("2023-11-21", "ann", "Our own front page", START.replace(" * MeetingNotes: what was decided\n", "")),
    ("2024-02-19", "ann", "Link to the notes", START),
)
page(
    "ReleasePlan",
    (
        "2024-01-08",
        "ann",
        "",
        "= Release plan\n\n||= Release =||= Date =||= Manager =||\n|| 1.1 || 1 March 2024 || ann ||\n|| 1.2 || 31 May 2024 || ben ||\n",
    ),
    (
        "2024-05-13",
        "ben",
        "1.2 needs another week; 1.3 and 2.0 added",
        """= Release plan

||= Release =||= Date =||= Manager =||
|| 1.1 || 1 March 2024 || ann ||
|| 1.2 || 7 June 2024 || ben ||
|| 1.3 || 30 August 2024 || chloe ||
|| 2.0 || 13 December 2024 || ann ||

A release is frozen five days before its date: only blockers are fixed after that.
""",
    ),
)
page(
    "TeamContacts",
    (
        "2023-12-04",
        "ann",
        "",
        """= Team

||= Who =||= Works on =||= Room =||= Day off =||
|| ann || library, lead || 2.14 || ||
|| ben || import, search || 2.15 || Friday ||
|| chloe || editor || 2.15 || ||
|| dara || manual, support || 1.03 || Monday ||
|| emil || export || home office || Wednesday ||
""",
    ),
)
page(
    "MeetingNotes",
    (
        "2024-05-06",
        "dara",
        "",
        "= Meeting notes\n\n== 6 May 2024\n\n * The importer for Picasa is gone. Nobody has complained.\n * dara writes the chapter on undo.\n",
    ),
    (
        "2024-05-21",
        "dara",
        "Notes of 20 May",
        "= Meeting notes\n\n== 20 May 2024\n\n * The beta of 1.2 comes out on 27 May.\n * emil asks the printing office for test files.\n\n== 6 May 2024\n\n * The importer for Picasa is gone. Nobody has complained.\n * dara writes the chapter on undo.\n",
    ),
    (
        "2024-06-04",
        "chloe",
        "Notes of 3 June",
        "= Meeting notes\n\n== 3 June 2024\n\n * 1.2 is late: the blocker #17 and three critical tickets are open.\n * ben takes part in the photo fair on 22 June.\n * We stop supporting Windows 8 with 1.3.\n\n== 20 May 2024\n\n * The beta of 1.2 comes out on 27 May.\n * emil asks the printing office for test files.\n\n== 6 May 2024\n\n * The importer for Picasa is gone. Nobody has complained.\n * dara writes the chapter on undo.\n",
    ),
)
page(
    "CodingStyle",
    (
        "2023-12-11",
        "chloe",
        "",
        "= Coding style\n\n * Lines have at most 100 characters.\n * Names are English, without abbreviations.\n * Each fix comes with a test.\n * Commit messages name the ticket: `Fix the crop tool (#3)`.\n",
    ),
)
page(
    "HowToRelease",
    (
        "2024-03-05",
        "ann",
        "As we did it for 1.1",
        """= How to release

 1. Close or move all tickets of the milestone.
 1. Build the installers on the machine `forge`.
 1. Let dara test them for a day.
 1. Upload them and write the news.
 1. Complete the milestone in the roadmap.
""",
    ),
)
page(
    "UserManual",
    (
        "2024-02-20",
        "dara",
        "",
        "= User manual\n\n== Installation\n\nLumen keeps your photos in the folder `Pictures/Lumen`. You can choose another one at the first start.\n\n== First steps\n\nConnect a camera and choose ''File - Import''.\n",
    ),
    (
        "2024-03-06",
        "dara",
        "Albums",
        "= User manual\n\n== Installation\n\nLumen keeps your photos in the folder `Pictures/Lumen`. You can choose another one at the first start.\n\n== First steps\n\nConnect a camera and choose ''File - Import''. See ImportFormats for the files that Lumen reads.\n\n== Albums\n\nDrag photos on the name of an album. A photo can be in many albums.\n",
    ),
)
page(
    "KeyboardShortcuts",
    (
        "2024-02-27",
        "dara",
        "",
        """= Keyboard shortcuts

||= Key =||= What it does =||
|| Ctrl+I || import ||
|| Ctrl+E || export ||
|| F9 || show or hide the side panel ||
|| R || rotate to the right ||
|| 1 to 5 || give stars ||
""",
    ),
)
page(
    "ImportFormats",
    (
        "2024-01-31",
        "ben",
        "",
        """= Import formats

 * JPEG, PNG, TIFF
 * RAW: CR2, NEF, RAF, ARW
 * HEIC is not supported yet.
""",
    ),
)
