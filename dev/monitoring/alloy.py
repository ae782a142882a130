"""Reads Grafana Alloy's language, as far as Pedro's files go: blocks, attributes, and the expressions in them. Alloy itself is
not to be had where the checks run; a brace that is missing, or a component that nobody declared, is found all the same."""

import json
import re

TOKEN = re.compile(
    r'(?P<skip>[ \t\r]+|//[^\n]*)|(?P<newline>\n)|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<number>\d+(?:\.\d+)?)'
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<sign>[{}\[\]()=,+])"
)


class Block:
    """A block: its name (`loki.process`), its label, its attributes and the blocks in it."""

    def __init__(self, name, label):
        self.name, self.label, self.attributes, self.blocks = name, label, {}, []

    def find(self, name):
        return [block for block in self.blocks if block.name == name]


class Reference(str):
    """What an expression names: `loki.write.loki.receiver`, or a function."""


class Reader:
    def __init__(self, text):
        self.tokens, at, line = [], 0, 1
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise ValueError(f"line {line}: {text[at:at + 20]!r} is nothing that Alloy knows")
            if found.lastgroup != "skip":
                self.tokens.append((found.lastgroup, found[0], line))
            line += found[0].count("\n")
            at = found.end()
        self.tokens.append(("end", "", line))
        self.at = 0

    def peek(self):
        return self.tokens[self.at]

    def take(self, *wanted):
        kind, text, line = self.peek()
        if wanted and kind not in wanted and text not in wanted:
            raise ValueError(f"line {line}: {' or '.join(wanted)} is expected, and not {text!r}")
        self.at += 1
        return text

    def skip_newlines(self):
        while self.peek()[0] == "newline":
            self.at += 1

    def body(self, block, until):
        self.skip_newlines()
        while self.peek()[1] != until or self.peek()[0] == "string":
            name = self.take("name")
            if self.peek()[1] == "=":
                self.take()
                if name in block.attributes:
                    raise ValueError(f"line {self.peek()[2]}: {name} is given twice")
                block.attributes[name] = self.expression()
            else:
                label = json.loads(self.take()) if self.peek()[0] == "string" else None
                inner = Block(name, label)
                self.take("{")
                self.body(inner, "}")
                self.take("}")
                block.blocks.append(inner)
            if self.peek()[0] != "end":
                self.take("newline")
            self.skip_newlines()
        return block

    def expression(self):
        value = self.term()
        while self.peek()[1] == "+":
            self.take()
            value = ("+", value, self.term())
        return value

    def term(self):
        kind, text, line = self.peek()
        self.at += 1
        if kind == "string":
            return json.loads(text)
        if kind == "number":
            return float(text)
        if kind == "name" and self.peek()[1] == "(":
            self.take("(")
            return (Reference(text), self.listed(")", self.expression))
        if kind == "name":
            return {"true": True, "false": False}.get(text, Reference(text))
        if text == "[":
            return self.listed("]", self.expression)
        if text == "{":
            return dict(self.listed("}", self.pair))
        raise ValueError(f"line {line}: {text!r} is no value")

    def pair(self):
        kind, text, _ = self.peek()
        self.take("name", "string")
        self.take("=")
        return (json.loads(text) if kind == "string" else text, self.expression())

    def listed(self, end, one):
        made = []
        self.skip_newlines()
        while self.peek()[1] != end:
            made.append(one())
            if self.peek()[1] == ",":
                self.take()
            elif self.peek()[1] != end:
                raise ValueError(f"line {self.peek()[2]}: a comma is missing")
            self.skip_newlines()
        self.take(end)
        return made


def read(text):
    """The file as one block."""
    return Reader(text).body(Block("", None), "")


def references(value):
    """Every name in an expression."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from references(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from references(one)
