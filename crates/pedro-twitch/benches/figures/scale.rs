//! A memory of a million lines: what it takes, how it answers, and how it bears a busy evening. `docs/scale.md`.

mod evening;
mod index;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use pedro_core::embedder::Embedder;
use sqlx::PgPool;

use crate::data::{self, NOISE};
use crate::memory::Memory;
use crate::report::{Part, Report, rate};
use crate::{embed, machine, recall, root};

/// Lines whose vectors are real, if there are so many; embedding them takes a quarter of an hour, once.
const REAL: usize = 196_000;

/// Lines, unless `SCALE_LINES` says otherwise.
const LINES: usize = 1_000_000;

pub(crate) async fn measure(embedder: &Arc<dyn Embedder>) -> Result<()> {
    let count = match std::env::var("SCALE_LINES") {
        Ok(lines) => lines.parse().context("SCALE_LINES is no number of lines")?,
        Err(_) => LINES,
    };
    let chat = data::read(count)?;
    let mut report = Report::new(machine::facts(&chat.source).await?);
    let real = embed::sample(embedder, &chat.lines[..REAL.min(count)]).await?;
    let memory = Memory::create("scale", embedder).await?;
    let stored = memory.hear(&chat.lines, || ()).await?;
    let indexed = memory.put(&chat.lines, data::derived(&real, count)).await?;
    report.add(size(&memory.pool, count, &stored, indexed).await?);
    report.add(index::measure(&memory, count, embedder, &chat).await?);
    report.add(recall::alone(&memory, count, embedder, &chat).await?);
    report.add(evening::measure(&memory, embedder, &chat).await?);
    memory.drop().await?;
    report.fact("load at the end", machine::load());
    if count == LINES {
        report.write(&root().join("docs/scale.md"))?;
    }
    Ok(())
}

/// What the lines take on disk.
async fn size(pool: &PgPool, count: usize, stored: &[Duration], indexed: Duration) -> Result<Part> {
    let mut part = Part::new("Size");
    part.row("lines stored", format!("{:.0} lines/s", rate(count, stored.iter().sum())));
    let tail = stored.len() / 10;
    let last = rate(count / 10, stored[stored.len() - tail..].iter().sum());
    part.row("the last tenth of them", format!("{last:.0} lines/s"));
    part.row("the index of all vectors, made at once", format!("{:.0} s", indexed.as_secs_f64()));
    let sizes: Vec<(String, i64)> = sqlx::query_as(
        "select relname::text, case relkind when 'i' then pg_relation_size(oid) else pg_table_size(oid) end
         from pg_class where relnamespace = 'pedro'::regnamespace and relkind in ('r', 'i')
             and relname like any (array['message', 'message\\_%']) and pg_relation_size(oid) > 1000000
         order by 2 desc",
    )
    .fetch_all(pool)
    .await?;
    let mut all = 0;
    for (name, bytes) in sizes {
        all += bytes;
        part.row(format!("`{name}`"), megabytes(bytes, count));
    }
    part.row("together", megabytes(all, count));
    part.note(format!(
        "{} vectors are real embeddings of their lines; the others are mixtures of two of these each, with normal noise \
         (σ {NOISE} in each number, then of length one again).",
        REAL.min(count)
    ));
    Ok(part)
}

fn megabytes(bytes: i64, lines: usize) -> String {
    format!("{:.0} MB ({:.0} bytes a line)", bytes as f64 / 1e6, bytes as f64 / lines as f64)
}
