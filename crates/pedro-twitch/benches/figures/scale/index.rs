//! What an index finds of what comparing all vectors finds, how fast, and how large it is.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use pedro_core::embedder::Embedder;
use pgvector::HalfVector;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::data::Chat;
use crate::memory::{GRAPH_MEMORY, Memory, run};
use crate::report::{Part, Spread, ms};

/// Questions whose nearest lines are looked for.
const QUESTIONS: usize = 50;

/// Lines that a search wants, as the bots do.
const WANTED: usize = 100;

/// Candidates by bits that are compared again by their numbers.
const AGAIN: [usize; 3] = [200, 400, 1_000];

/// Candidates that the walk through the graph keeps; the bots': 100.
const EF: [usize; 4] = [40, 100, 200, 400];

/// A way to search, as a statement with `$1` for the vector.
struct Way {
    name: String,
    settings: Vec<String>,
    statement: String,
}

pub(crate) async fn measure(memory: &Memory, count: usize, embedder: &Arc<dyn Embedder>, chat: &Chat) -> Result<Part> {
    let mut vectors = Vec::new();
    for question in chat.questions(QUESTIONS, 0) {
        vectors.push(HalfVector::from_f32_slice(&embedder.embed_query(question).await?));
    }
    let mut connection = memory.pool.acquire().await?.detach();
    let (model, dimension) = (memory.space.model_id, memory.space.dimension);
    let near = format!("embedding::halfvec({dimension}) <=> $1");
    let table = format!("pedro.message_embedding where model_id = {model}");
    let mut part = Part::new("Finding the nearest of all vectors");

    let exact = Way {
        name: "every vector is compared".to_owned(),
        settings: vec!["enable_indexscan = off".to_owned()],
        statement: format!("select message_id from {table} order by {near} limit {WANTED}"),
    };
    let truth = ask(&mut connection, &exact, &vectors, &mut part, None).await?;
    for ef in EF {
        let way = Way {
            name: format!("HNSW, half precision, ef_search {ef}"),
            settings: vec!["enable_indexscan = on".to_owned(), format!("hnsw.ef_search = {ef}")],
            statement: exact.statement.clone(),
        };
        ask(&mut connection, &way, &vectors, &mut part, Some(&truth)).await?;
    }

    let bits = format!("(binary_quantize(embedding::halfvec({dimension}))::bit({dimension}))");
    run(&mut connection, &format!("set maintenance_work_mem = '{GRAPH_MEMORY}'")).await?;
    let began = Instant::now();
    let create = format!(
        "create index bench_bits on pedro.message_embedding using hnsw ({bits} bit_hamming_ops) where model_id = {model}"
    );
    run(&mut connection, &create).await?;
    let built = began.elapsed();
    for again in AGAIN {
        let way = Way {
            name: format!("HNSW over one bit a number, the best {again} compared again"),
            settings: vec![format!("hnsw.ef_search = {}", again.min(1_000))],
            statement: format!(
                "select message_id from (select message_id, embedding from {table}
                     order by {bits} <~> binary_quantize($1::halfvec({dimension}))::bit({dimension}) limit {again}) as rough
                 order by {near} limit {WANTED}"
            ),
        };
        ask(&mut connection, &way, &vectors, &mut part, Some(&truth)).await?;
    }
    for (name, index) in [("half precision", memory.index()), ("one bit a number", "bench_bits".to_owned())] {
        let bytes: i64 = sqlx::query_scalar("select pg_relation_size(('pedro.' || $1)::regclass)")
            .bind(&index)
            .fetch_one(&mut connection)
            .await?;
        part.row(format!("size of the index, {name}"), super::megabytes(bytes, count));
    }
    part.row("the index over bits, made at once", format!("{:.0} s", built.as_secs_f64()));
    run(&mut connection, "drop index pedro.bench_bits").await?;
    part.note(format!(
        "{QUESTIONS} real questions, each asked twice, the second time counts. recall@10 and recall@{WANTED}: the share of what \
         comparing every vector finds."
    ));
    Ok(part)
}

/// Asks all, and adds what came of it as a row: recall against the truth if there is one, and the time.
async fn ask(
    connection: &mut PgConnection,
    way: &Way,
    vectors: &[HalfVector],
    part: &mut Part,
    truth: Option<&[Vec<i64>]>,
) -> Result<Vec<Vec<i64>>> {
    for setting in &way.settings {
        run(connection, &format!("set {setting}")).await?;
    }
    let (mut found, mut took) = (Vec::new(), Vec::new());
    for vector in vectors {
        // Comparing everything is as slow the second time, and needs no warming.
        for _ in 0..if truth.is_some() { 2 } else { 1 } {
            let began = Instant::now();
            let ids: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(way.statement.clone()))
                .bind(vector)
                .fetch_all(&mut *connection)
                .await?;
            took.push(began.elapsed());
            found.push(ids);
        }
        if truth.is_some() {
            let (_, _) = (took.remove(took.len() - 2), found.remove(found.len() - 2));
        }
    }
    let took = Spread::of(took);
    let time = format!("{} / {}", ms(took.median()), ms(took.p95()));
    let figures = match truth {
        None => time,
        Some(truth) => {
            format!("{:.3}, {:.3}; {time}", shared(truth, &found, 10), shared(truth, &found, WANTED))
        }
    };
    let what = if truth.is_some() { "recall@10, recall@100; median / p95" } else { "median / p95" };
    part.row(format!("{}: {what}", way.name), figures);
    Ok(found)
}

/// The mean share of the first `count` of the truth that are among the first `count` found.
fn shared(truth: &[Vec<i64>], found: &[Vec<i64>], count: usize) -> f64 {
    let share = |(truth, found): (&Vec<i64>, &Vec<i64>)| {
        let truth: HashSet<&i64> = truth.iter().take(count).collect();
        found.iter().take(count).filter(|id| truth.contains(id)).count() as f64 / truth.len().max(1) as f64
    };
    truth.iter().zip(found).map(share).sum::<f64>() / truth.len().max(1) as f64
}
