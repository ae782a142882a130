"""Compares Pedro, in one run, with what one would otherwise do for the same work, and writes the figures into a page.

usage: side_by_side.py --pedro BINARY --model DIR --page PAGE SET...

Retrieval: Pedro (`pedro eval`) beside SQLite's FTS5 (BM25, stems, the question's words joined by OR) and a plain pgvector
similarity query (HNSW, the same model by its reference implementation, nothing else), on the same labelled sets: recall,
mean reciprocal rank, and the time of a question from its text to its hits.
Embeddings: sentence-transformers on PyTorch, the model's reference implementation, beside Pedro's own; the same lines, one
thread each; and how far the two implementations' vectors are apart.

The database is DATABASE_URL's server; scratch databases are dropped at the end.
"""

import argparse
import json
import math
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

BEGIN = "<!-- side by side: written by `make bench`, which replaces everything up to the end mark -->"
END = "<!-- end of side by side -->"
HITS = 10
SCRATCH = "pedro_side_by_side"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--pedro", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--page", type=Path)
    parser.add_argument("sets", nargs="+", type=Path)
    options = parser.parse_args()
    reference = Reference(options.model)
    rows, speeds = [], []
    for path in options.sets:
        messages, queries = read(path)
        print(f"{path.stem}: {len(messages)} lines, {len(queries)} questions", flush=True)
        figures, speed, ours = pedro(options.pedro, path)
        vectors, reference_speed = reference.embed_lines([message["text"] for message in messages])
        with similarity_query(messages, vectors, reference) as ask:
            results = {
                "**Pedro**": figures,
                "SQLite FTS5": measure(queries, fts5(messages)),
                "pgvector alone": measure(queries, ask),
            }
        rows += [(path.stem, len(messages), len(queries), by, *figures) for by, figures in results.items()]
        speeds.append((path.stem, len(messages), speed, reference_speed, furthest(messages, vectors, ours)))
    text = markdown(rows, speeds, reference.name)
    print(text)
    if options.page:
        write(options.page, text)


def read(path):
    """The messages, and the queries of which a relevant line is among them: as `pedro eval` counts them."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    messages = [line for line in lines if line["kind"] == "message"]
    known = {message["id"] for message in messages}
    queries = []
    for line in lines:
        relevant = set(line.get("relevant", [])) & known if line["kind"] == "query" else set()
        if relevant:
            queries.append((line["text"], relevant))
    return messages, queries


def measure(queries, ask):
    """recall@5, recall@10, MRR, and the median and 95th percentile of the time in ms. All questions are asked twice; the
    second time counts."""
    for text, _ in queries:
        ask(text)
    recall = {5: [], HITS: []}
    ranks, times = [], []
    for text, relevant in queries:
        began = time.perf_counter()
        hits = ask(text)
        times.append((time.perf_counter() - began) * 1000)
        for count, shares in recall.items():
            shares.append(len(relevant & set(hits[:count])) / len(relevant))
        ranks.append(next((1 / place for place, hit in enumerate(hits, 1) if hit in relevant), 0.0))
    times.sort()
    return (*(statistics.mean(shares) for shares in recall.values()), statistics.mean(ranks), *spread(times))


def spread(times):
    return times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.95))]


# --- Pedro ----------------------------------------------------------------------------------------


def pedro(binary, path):
    """The figures of Pedro's hybrid ranking, its embeddings a second, and the vectors that it made, by line."""
    run = subprocess.run([binary, "eval", "--json", "--keep", str(path)], capture_output=True, text=True)
    kept = re.search(r"database is kept: (\w+)", run.stderr)
    if run.returncode != 0 or not kept:
        sys.exit(f"pedro eval failed:\n{run.stderr}")
    report = json.loads(run.stdout)
    hybrid = next(mode for mode in report["modes"] if mode["mode"] == "hybrid")
    quality = hybrid["overall"]
    figures = (quality["recall_at_5"], quality["recall_at_10"], quality["mrr"], hybrid["p50_ms"], hybrid["p95_ms"])
    with database(kept[1]) as db:
        vectors = dict(db.execute(
            "select platform_message_id, embedding::text from pedro.message_embedding join pedro.message on id = message_id"
        ))
    drop(kept[1])
    return figures, report["embeddings_per_second"], {line: json.loads(vector) for line, vector in vectors.items()}


# --- SQLite ---------------------------------------------------------------------------------------


def fts5(messages):
    db = sqlite3.connect(":memory:")
    db.execute("create virtual table line using fts5(id unindexed, text, tokenize = 'porter unicode61')")
    db.executemany("insert into line values (?, ?)", ((message["id"], message["text"]) for message in messages))

    def ask(text):
        words = re.findall(r"\w+", text)
        query = " OR ".join(f'"{word}"' for word in words)
        return [row[0] for row in db.execute("select id from line where line match ? order by rank limit ?", (query, HITS))]

    return ask


# --- pgvector -------------------------------------------------------------------------------------


def database(name):
    return psycopg.connect(make_conninfo(os.environ["DATABASE_URL"], dbname=name), autocommit=True)


def drop(name):
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
        db.execute(f"drop database if exists {name} with (force)")


@contextmanager
def similarity_query(messages, vectors, reference):
    """A database with one table of lines and vectors and an HNSW index; asking it embeds the question first."""
    drop(SCRATCH)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
        db.execute(f"create database {SCRATCH}")
    try:
        with database(SCRATCH) as db:
            db.execute("create extension vector")
            db.execute("create table line (id text primary key, embedding vector(384) not null)")
            with db.cursor() as cursor, cursor.copy("copy line from stdin") as copy:
                for message, vector in zip(messages, vectors):
                    copy.write_row((message["id"], literal(vector)))
            db.execute("create index on line using hnsw (embedding vector_cosine_ops)")
            db.execute("analyze line")

            def ask(text):
                vector = literal(reference.embed([text])[0])
                query = "select id from line order by embedding <=> %s::vector limit %s"
                return [row[0] for row in db.execute(query, (vector, HITS), prepare=True)]

            yield ask
    finally:
        drop(SCRATCH)


def literal(vector):
    return "[" + ",".join(f"{number:.7g}" for number in vector) + "]"


# --- embeddings -----------------------------------------------------------------------------------


class Reference:
    """sentence-transformers, on one thread as Pedro is."""

    def __init__(self, folder):
        # The model lies in the folder, nothing is to be fetched; one thread, no graphics card.
        os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", CUDA_VISIBLE_DEVICES="")
        import sentence_transformers
        import torch

        torch.set_num_threads(1)
        self.model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
        self.model.max_seq_length = 256  # as Pedro
        self.name = f"sentence-transformers {sentence_transformers.__version__}, PyTorch {torch.__version__.split('+')[0]}"

    def embed(self, texts):
        return self.model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)

    def embed_lines(self, texts):
        """The vectors, and how many were made a second."""
        self.embed(texts[:64])
        began = time.perf_counter()
        vectors = self.embed(texts)
        return vectors, len(texts) / (time.perf_counter() - began)


def furthest(messages, reference, ours):
    """The least cosine similarity between the two implementations' vectors of a line."""
    return min(
        sum(a * b for a, b in zip(vector, ours[message["id"]])) / math.hypot(*ours[message["id"]])
        for message, vector in zip(messages, reference)
    )


# --- the page -------------------------------------------------------------------------------------


def write(page, text):
    old = page.read_text(encoding="utf-8")
    before, rest = old.split(BEGIN) if BEGIN in old else (old.rstrip() + "\n\n", END + "\n")
    page.write_text(f"{before}{BEGIN}\n{text}\n{rest[rest.index(END):]}", encoding="utf-8")
    print(f"written to {page}")


def markdown(rows, speeds, reference):
    text = f"""
## Side by side

The same labelled sets, one after the other in one run, with what one would otherwise do: SQLite's FTS5 (BM25, stemmed, the
question's words joined by OR) and a plain pgvector similarity query (HNSW, the same model by {reference}, one thread). Times
are from a question's text to its ten hits, embedding included: Pedro's and pgvector's by PostgreSQL over a socket, FTS5's in
the process that asks. What the sets are: `crates/pedro-admin/tests/data/README.md`; `irc-replies`,
`irc-conversations`: Ubuntu IRC; given a line, find what it replies to, or the last ten lines of its conversation before it.

| set | lines | questions | by | recall@5 | recall@10 | MRR | median | p95 |
| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |
"""
    for name, lines, questions, by, recall5, recall10, rank, median, p95 in rows:
        text += f"| {name} | {lines} | {questions} | {by} | {recall5:.3f} | {recall10:.3f} | {rank:.3f} "
        text += f"| {median:.1f} ms | {p95:.1f} ms |\n"
    text += f"""
Embeddings of the same lines, one thread each; Pedro's are stored meanwhile. The implementations agree as far as the least
cosine similarity of their two vectors of a line says.

| set | lines | Pedro | {reference} | ratio | least cosine |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
    for name, lines, ours, theirs, cosine in speeds:
        text += f"| {name} | {lines} | {ours:.0f}/s | {theirs:.0f}/s | {ours / theirs:.1f} | {cosine:.5f} |\n"
    return text


if __name__ == "__main__":
    main()
