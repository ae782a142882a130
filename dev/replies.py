"""Makes a set for `pedro eval` of chat that is annotated with what each line replies to: given a line, find that.

usage: replies.py FILE > SET

FILE (plain or .gz) holds a line of JSON a message: id, author, ts, text, and reply_to, a list of ids. Every fourth of the
replies of five words or more becomes a query, and is left out of the messages. Category: whether it begins with the name
of whoever it replies to.
"""

import gzip
import json
import sys

EVERY = 4
WORDS = 5


def main(path):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as file:
        lines = {line["id"]: line for line in map(json.loads, file)}
    replies = [line for line in lines.values() if line["reply_to"] and len(line["text"].split()) >= WORDS]
    replies = [line for line in replies if all(of in lines and of != line["id"] for of in line["reply_to"])]
    queries = {line["id"]: line for line in replies[::EVERY]}
    for line in lines.values():
        if line["id"] not in queries:
            write("message", line, author=line["author"], ts=line["ts"])
    for line in queries.values():
        relevant = [of for of in line["reply_to"] if of not in queries]
        names = [lines[of]["author"].lower() for of in relevant]
        addressed = line["text"].lower().startswith(tuple(names))
        write("query", line, relevant=relevant, category="addressed" if addressed else "open")


def write(kind, line, **more):
    print(json.dumps({"kind": kind, "id": line["id"], "text": line["text"], **more}))


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
