"""Fill the tracker: five users, five keywords, twenty issues with messages."""

import datetime
import random

from roundup import instance, password

TEAM = (
    ("ann", "Ann Weber", "Design", "User,Admin"),
    ("ben", "Ben Okafor", "Import", "User"),
    ("chloe", "Chloe Martin", "Export", "User"),
    ("dan", "Dan Silva", "", "User"),
)
ISSUES = (
    (
        "Thumbnails are blurred on large screens",
        "bug",
        "in-progress",
        "ann",
        "display",
        "Only above 150 percent.",
    ),
    (
        "Import stops at broken files",
        "critical",
        "unread",
        "ben",
        "import",
        "It should go on with the next one.",
    ),
    ("Export loses the rating", "bug", "chatting", "chloe", "export", "Stars are gone in the written files."),
    ("Dark colours for the side panel", "wish", "deferred", "", "display", ""),
    ("Search finds nothing with umlauts", "urgent", "need-eg", "dan", "search", "Which words were tried?"),
    ("Slow start with ten thousand photos", "bug", "testing", "ben", "", "Twelve seconds on my machine."),
    ("Map of places", "feature", "unread", "", "display", ""),
    (
        "Crash when a folder is renamed",
        "critical",
        "in-progress",
        "dan",
        "import",
        "Happens on the network drive.",
    ),
    ("Print several photos on a page", "feature", "deferred", "chloe", "export", ""),
    (
        "Manual says F8, it is F9",
        "bug",
        "resolved",
        "ann",
        "manual",
        "Put right on the page about the panel.",
    ),
    ("Duplicates are not found", "bug", "unread", "", "search", ""),
    ("Ratings by keyboard", "wish", "done-cbb", "ann", "", "Keys 1 to 5 would do."),
    ("Export to a web page", "feature", "chatting", "chloe", "export", "Which layout?"),
    ("Memory grows while importing", "urgent", "testing", "ben", "import", "Two gigabytes after an hour."),
    ("Undo of a crop", "feature", "unread", "dan", "", ""),
    ("Wrong time zone in the timeline", "bug", "need-eg", "ben", "display", "One photo of these, please."),
    ("Chapter about colour profiles", "wish", "unread", "ann", "manual", ""),
    ("Videos have no preview", "feature", "deferred", "", "display", ""),
    ("Search in captions", "feature", "in-progress", "dan", "search", "Half of it is done."),
    ("Installer asks twice", "bug", "unread", "", "", ""),
)

random.seed(7)
# Keys of messages and forms are made with it.
db = instance.open(".").open("admin")
db.tx_Source = "cli"
users = {"": None}
for name, real, group, roles in TEAM:
    users[name] = db.user.create(
        username=name,
        realname=real,
        organisation=group,
        roles=roles,
        address=f"{name}@lumen.example",
        password=password.Password("secret", config=db.config),
    )
words = {name: db.keyword.create(name=name) for name in ("display", "import", "export", "search", "manual")}
for title, priority, status, owner, word, said in ISSUES:
    told = {"title": title, "priority": db.priority.lookup(priority), "status": db.status.lookup(status)}
    if owner:
        told["assignedto"] = users[owner]
    if word:
        told["keyword"] = [words[word]]
    issue = db.issue.create(**told)
    if said:
        message = db.msg.create(author=users[owner or "ann"], content=said, summary=said, recipients=[])
        db.issue.set(issue, messages=[message], status=told["status"])
db.commit()
db.close()
print(datetime.date.today())
