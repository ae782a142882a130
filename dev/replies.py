"""Makes a set for `pedro eval` of chat that is annotated with what each line replies to: given a line, find that, or the
conversation that it belongs to.

usage: replies.py [--conversation] FILE > SET

FILE (plain or .gz) holds a line of JSON a message: id, author, ts, text, and reply_to, a list of ids. Every fourth of the
replies of five words or more becomes a query, and is left out of the messages. Category: whether it begins with the name
of whoever it replies to.
"""

import gzip
import json
import sys

EVERY = 4
WORDS = 5
TALK = 10


def main(path, whole_talk):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as file:
        lines = {line["id"]: line for line in map(json.loads, file)}
    replies = [line for line in lines.values() if line["reply_to"] and len(line["text"].split()) >= WORDS]
    replies = [line for line in replies if all(of in lines and of != line["id"] for of in line["reply_to"])]
    queries = {line["id"]: line for line in replies[::EVERY]}
    place = {of: at for at, of in enumerate(lines)}
    talks = conversations(lines)
    for line in lines.values():
        if line["id"] not in queries:
            write("message", line, author=line["author"], ts=line["ts"])
    for line in queries.values():
        relevant = [of for of in line["reply_to"] if of not in queries]
        if whole_talk:
            before = [of for of in talks[line["id"]] if place[of] < place[line["id"]] and of not in queries]
            relevant = before[-TALK:]
        names = [lines[of]["author"].lower() for of in line["reply_to"]]
        addressed = line["text"].lower().startswith(tuple(names))
        write("query", line, relevant=relevant, category="addressed" if addressed else "open")


def conversations(lines):
    """For each line all lines that hang together with it by replies, itself included, in their order."""
    talk = {of: [of] for of in lines}
    for line in lines.values():
        for of in line["reply_to"]:
            if of in talk and talk[of] is not talk[line["id"]]:
                talk[of] += talk[line["id"]]
                for member in talk[line["id"]]:
                    talk[member] = talk[of]
    place = {of: at for at, of in enumerate(lines)}
    for members in {id(members): members for members in talk.values()}.values():
        members.sort(key=place.get)
    return talk


def write(kind, line, **more):
    print(json.dumps({"kind": kind, "id": line["id"], "text": line["text"], **more}))


arguments = sys.argv[1:]
whole = "--conversation" in arguments
files = [argument for argument in arguments if not argument.startswith("--")]
if len(files) != 1:
    sys.exit(__doc__)
main(files[0], whole)
