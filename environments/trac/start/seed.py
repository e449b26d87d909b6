"""Fills a new Trac project with the tickets and milestones of a photo manager. Run once, by `prepare`,
through pages.py."""

from datetime import datetime, timedelta, timezone

from trac.env import Environment
from trac.perm import PermissionSystem
from trac.ticket.model import Component, Milestone, Ticket, Version

env = Environment(".")


def at(day, hour=9, minute=0):
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=timezone.utc)


# --- People -----------------------------------------------------------------
USERS = ["ann", "ben", "chloe", "dara", "emil"]
with env.db_transaction as db:
    for user in USERS:
        # Whoever has logged in once can own tickets.
        db("INSERT INTO session (sid, authenticated, last_visit) VALUES (%s, 1, %s)", (user, 1717000000))

permissions = PermissionSystem(env)
for right in ["MILESTONE_ADMIN", "ROADMAP_ADMIN", "REPORT_ADMIN", "WIKI_ADMIN"]:
    permissions.grant_permission("ann", right)
for right in ["TICKET_EDIT_CC", "TICKET_EDIT_DESCRIPTION", "TICKET_BATCH_MODIFY"]:
    permissions.grant_permission("authenticated", right)

# --- Components, versions, milestones ---------------------------------------
for kind in (Component, Version, Milestone):
    for old in list(kind.select(env)):
        old.delete()

for name, owner, text in [
    ("docs", "dara", "The manual and the guides."),
    ("editor", "chloe", "Everything that changes a picture."),
    ("export", "emil", "Files, albums and galleries that leave Lumen."),
    ("import", "ben", "Cameras, memory cards and folders."),
    ("library", "ann", "The catalogue, albums and thumbnails."),
    ("search", "ben", "Finding photos."),
]:
    component = Component(env)
    component.name, component.owner, component.description = name, owner, text
    component.insert()
for name, day, text in [
    ("1.0", "2023-11-20", "The first release."),
    ("1.1", "2024-03-04", "Albums and a faster search."),
    ("1.2-beta", "2024-05-27", "For testers only."),
]:
    version = Version(env)
    version.name, version.time, version.description = name, at(day), text
    version.insert()
for name, due, completed, text in [
    ("1.1", "2024-03-01", "2024-03-04", "Albums and a faster search."),
    ("1.2", "2024-06-07", None, "Undo history and a safer import. No new file formats."),
    ("1.3", "2024-08-30", None, "Phones, and a catalogue that is fast with 100000 photos."),
    ("2.0", "2024-12-13", None, "Web galleries and look-alike search."),
]:
    milestone = Milestone(env)
    milestone.name, milestone.description = name, text
    milestone.due = at(due, 17)
    milestone.completed = at(completed, 15) if completed else None
    milestone.insert()

# --- Tickets ----------------------------------------------------------------
FIELDS = ["type", "component", "priority", "version", "milestone", "keywords", "cc"]
DONE = {"status": "closed", "resolution": "fixed"}


def ticket(day, reporter, values, summary, description, *events):
    """values: `type component priority version milestone`, then keywords and cc; an event is (day, author, comment, changes)."""
    made = Ticket(env)
    for name, value in zip(FIELDS, [*values, "", ""], strict=False):
        made[name] = value
    made["reporter"], made["summary"], made["description"] = reporter, summary, description
    made["owner"] = Component(env, made["component"]).owner
    made["status"] = "new"
    number = made.insert(when=at(day, 8, 30))
    for step, (when, author, comment, changes) in enumerate(events):
        made = Ticket(env, number)
        for name, value in changes.items():
            made[name] = value
        made.save_changes(author, comment, when=at(when, 10) + timedelta(minutes=step))


ticket(
    "2024-01-15",
    "chloe",
    ["defect", "import", "major", "1.0", "1.1", "raw"],
    "RAW files from the X100 are imported upside down",
    "All RAW files of my X100 stand on their head after the import. JPEG files of the same camera are fine.",
    (
        "2024-01-17",
        "ben",
        "The orientation tag is read before the maker notes. Working on it.",
        {"status": "accepted"},
    ),
    ("2024-01-30", "ben", "Fixed, with three files from chloe as a test.", DONE),
)
ticket(
    "2024-01-16",
    "ann",
    ["task", "docs", "minor", "", "1.1"],
    "Write an installation guide for Windows",
    "People ask where the photos are kept. The guide should say it in its first section.",
    ("2024-02-20", "dara", "It is on the wiki: UserManual.", DONE),
)
ticket(
    "2024-01-22",
    "emil",
    ["defect", "editor", "critical", "1.0", "1.1"],
    "Crop tool crashes on images wider than 10000 pixels",
    "Open a panorama, choose the crop tool, drag a corner: Lumen closes without a message.",
    ("2024-01-23", "chloe", "A number that is too small for the width.", {"status": "accepted"}),
    ("2024-02-02", "chloe", "", DONE),
)
ticket(
    "2024-01-29",
    "dara",
    ["enhancement", "library", "minor", "1.0", "1.1"],
    "Show star ratings in the window title",
    "It would help to see the rating while the side panel is hidden.",
    (
        "2024-02-05",
        "ann",
        "The title is too short for that. The side panel has a shortcut now.",
        {"status": "closed", "resolution": "wontfix"},
    ),
)
ticket(
    "2024-02-05",
    "ben",
    ["defect", "search", "major", "1.0", "1.1"],
    "Search for two words finds photos with only one of them",
    "A search for `red boat` also shows all red cars.",
    ("2024-02-16", "ben", "", DONE),
)
ticket(
    "2024-02-12",
    "chloe",
    ["defect", "export", "major", "1.0", "1.1", "colour"],
    "Exported JPEG files lose their colour profile",
    "Photos look paler in the browser than in Lumen.",
    (
        "2024-02-14",
        "emil",
        "I cannot see it with 1.1: the profile is in the file. Which browser do you use?",
        {},
    ),
    ("2024-02-26", "emil", "No answer for two weeks.", {"status": "closed", "resolution": "worksforme"}),
)
ticket(
    "2024-03-11",
    "emil",
    ["defect", "library", "major", "1.1", "1.2", "thumbnails"],
    "Thumbnails are blank after moving the library folder",
    "I moved the folder to our file server. All thumbnails are grey since then.",
    ("2024-03-12", "ann", "The same as #8.", {"status": "closed", "resolution": "duplicate"}),
)
ticket(
    "2024-03-11",
    "ann",
    ["defect", "library", "critical", "1.1", "1.2", "thumbnails", "ben, chloe"],
    "Thumbnails vanish when the library is on a network drive",
    "Steps:\n 1. Put the library on a network drive.\n 1. Close Lumen while thumbnails are being made.\n 1. Open it again.\n\nThe thumbnails are gone and are not made anew.",
    ("2024-03-12", "ann", "", {"status": "assigned"}),
    ("2024-04-03", "ben", "Happens with every second start here, on the drive of the office.", {}),
    (
        "2024-05-17",
        "ann",
        "The cache file is locked by the old process. A time limit of 5 seconds helps.",
        {},
    ),
)
ticket(
    "2024-03-18",
    "dara",
    ["enhancement", "editor", "major", "1.1", "1.2", "undo"],
    "Undo more than one step in the editor",
    "Only the last change can be taken back.",
    ("2024-03-21", "chloe", "I would keep 50 steps for each photo.", {"status": "accepted"}),
    ("2024-06-04", "chloe", "Ready for testing, but for the keyboard shortcut.", {}),
)
ticket(
    "2024-03-25",
    "ben",
    ["task", "import", "minor", "", "1.2"],
    "Remove the old Picasa importer",
    "Nobody has used it in a year.",
    ("2024-04-09", "ben", "Removed; 1400 lines less.", DONE),
)
ticket(
    "2024-04-02",
    "chloe",
    ["defect", "export", "major", "1.1", "1.2", "tiff"],
    "Export to TIFF ignores the chosen resolution",
    "Whatever I choose, the file has 72 dpi.",
    ("2024-04-18", "dara", "The printing office sent such files back to us twice.", {}),
)
ticket(
    "2024-04-08",
    "emil",
    ["enhancement", "search", "minor", "1.1", "1.3", "metadata"],
    "Search by camera model",
    "`camera:x100` should find the photos of that camera.",
)
ticket(
    "2024-04-10",
    "dara",
    ["defect", "docs", "trivial", "1.1", "1.2"],
    "Typo in the shortcuts table of the manual",
    "It says Ctrl+Shfit+R for rotating to the left.",
)
ticket(
    "2024-04-15",
    "ann",
    ["task", "library", "major", "", "1.3", "schema, performance"],
    "Move the catalogue to a new database schema",
    "With 100000 photos an album takes 9 seconds to open.",
    ("2024-04-16", "ann", "", {"status": "assigned"}),
    ("2024-05-23", "chloe", "Please keep the table of edits as it is; the undo history depends on it.", {}),
)
ticket(
    "2024-04-22",
    "chloe",
    ["enhancement", "import", "major", "1.1", "1.3", "phone, usb", "emil"],
    "Import photos straight from a phone",
    "Today they must be copied to a folder first.",
)
ticket(
    "2024-04-24",
    "ben",
    ["defect", "editor", "minor", "1.1", "1.2"],
    "Red-eye tool leaves a grey ring",
    "Around the pupil, with every size of the brush.",
    ("2024-04-25", "chloe", "", {"status": "assigned"}),
)
ticket(
    "2024-05-02",
    "emil",
    ["defect", "import", "blocker", "1.1", "1.2", "raw"],
    "Import stops at the first damaged file",
    "One broken RAW file on a card, and the other 300 photos are not imported.",
    ("2024-05-03", "ben", "", {"status": "accepted"}),
    (
        "2024-05-28",
        "ben",
        "Damaged files are skipped now. What is missing is the list of them at the end.",
        {},
    ),
)
ticket(
    "2024-05-06",
    "dara",
    ["enhancement", "export", "minor", "1.1", "2.0", "web"],
    "Export a folder as a web gallery",
    "As plain pages that can be put on any server.",
)
ticket(
    "2024-05-08",
    "ann",
    ["task", "docs", "minor", "", "1.2", "undo"],
    "Describe the new undo history in the manual",
    "With a picture. See #9.",
    ("2024-05-08", "dara", "", {"status": "assigned"}),
)
ticket(
    "2024-05-13",
    "chloe",
    ["defect", "search", "critical", "1.1", "1.2", "performance"],
    "Search freezes while photos are being imported",
    "The window does not react until the import is over.",
    ("2024-05-20", "ben", "The index is written in a thread of its own now.", DONE),
    (
        "2024-05-30",
        "emil",
        "Still freezes for about 20 seconds with the beta.",
        {"status": "reopened", "resolution": ""},
    ),
)
ticket(
    "2024-05-15",
    "ben",
    ["enhancement", "library", "trivial", "1.1", ""],
    "Remember the width of the side panel",
    "It is back at 240 pixels after each start.",
)
ticket(
    "2024-05-21",
    "emil",
    ["defect", "editor", "major", "1.1", "1.3", "colour"],
    "Colours look washed out on a second screen",
    "Only when the second screen has a profile of its own.",
)
ticket(
    "2024-05-27",
    "dara",
    ["defect", "import", "major", "1.2-beta", "1.2", "duplicates"],
    "Duplicate photos are imported twice from memory cards",
    "The box `Skip duplicates` has no effect for cards.",
)
ticket(
    "2024-05-29",
    "ann",
    ["enhancement", "search", "major", "1.2-beta", "2.0", "duplicates"],
    "Find photos that look alike",
    "Series of nearly the same picture should be found in one go.",
)
ticket(
    "2024-06-03",
    "chloe",
    ["defect", "export", "critical", "1.2-beta", "1.2"],
    "Export window stays open after an error",
    "When the disk is full, the window of the export cannot be closed any more.",
    ("2024-06-04", "emil", "", {"status": "assigned"}),
)
ticket(
    "2024-06-05",
    "ben",
    ["task", "import", "minor", "", "", "raw"],
    "Collect sample RAW files for tests",
    "One of each camera that our users name, at most 200 MB in all.",
)
ticket(
    "2024-06-10",
    "emil",
    ["defect", "library", "major", "1.2-beta", ""],
    "Deleting an album also deletes its cover photo",
    "The photo is gone from the disk, too, not only from the album.",
)
ticket(
    "2024-06-12",
    "dara",
    ["defect", "docs", "minor", "1.2-beta", ""],
    "The help menu opens the manual of version 1.0",
    "It should open the manual of the version that is running.",
)
