use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;

/// The directory `dev/up` unpacks the model into, or the one the environment names.
fn model_dir() -> PathBuf {
    std::env::var_os("EMBEDDINGS_MODEL_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/models/all-minilm-l6-v2")),
        PathBuf::from,
    )
}

fn embedder() -> CandleEmbedder {
    CandleEmbedder::load(&model_dir()).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn chat_lines(count: usize) -> Vec<String> {
    let lines = [
        "lol",
        "how do I install go on debian?",
        "the stream froze for a second there, is it only me or does everybody see the spinner",
        "GG 🎉🎉",
        "I think you need to put the interface where it is used, not where it is implemented",
    ];
    (0..count).map(|i| format!("{} {i}", lines[i % lines.len()])).collect()
}

#[tokio::test]
async fn likeness_follows_meaning() {
    let embedder = embedder();
    for (question, near, far) in [
        ("how do I install go", "installing golang", "my cat is asleep"),
        ("what keyboard is that?", "I type on a Moonlander", "the pizza arrived"),
    ] {
        let [question_vector, near_vector, far_vector] =
            [embedder.embed_query(question).await, embedder.embed_query(near).await, embedder.embed_query(far).await]
                .map(Result::unwrap);
        let (near_cosine, far_cosine) = (cosine(&question_vector, &near_vector), cosine(&question_vector, &far_vector));
        assert!(near_cosine > far_cosine + 0.2, "{question}: {near_cosine} {far_cosine}");
    }
}

#[tokio::test]
async fn the_numbers_are_those_of_the_reference_implementation() {
    // What sentence-transformers prints for this text with all-MiniLM-L6-v2.
    let vector = embedder().embed_query("This is an example sentence").await.unwrap();
    for (ours, reference) in vector.iter().zip([0.067_656_9, 0.063_495_9, 0.048_713_1]) {
        assert!((ours - reference).abs() < 1e-4, "{:?}", &vector[..3]);
    }
}

#[tokio::test]
async fn the_images_model_of_half_the_size_gives_the_same_vectors() {
    let halved = std::env::temp_dir().join(format!("pedro-halved-{}", std::process::id()));
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deployment/model/halve.py");
    let done = std::process::Command::new("python3").arg(program).arg(model_dir()).arg(&halved).output().unwrap();
    let small = done.status.success().then(|| CandleEmbedder::load(&halved));
    let size = std::fs::metadata(halved.join("model.safetensors")).map(|file| file.len());
    let _gone = std::fs::remove_dir_all(&halved);
    let small = small.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&done.stderr))).unwrap();
    assert!(size.unwrap() < 46_000_000);
    let whole = embedder();
    for text in chat_lines(10) {
        let [ours, theirs] = [whole.embed_query(&text).await, small.embed_query(&text).await].map(Result::unwrap);
        assert!(cosine(&ours, &theirs) > 0.99995, "{text}: {}", cosine(&ours, &theirs));
    }
}

#[tokio::test]
async fn every_text_gets_a_vector_of_length_one_in_its_place() {
    let texts: Vec<String> =
        ["", "🦀🔥", "hello", &"word ".repeat(5_000), "ünïcödé\u{0}\u{200b}", "hello", &"x".repeat(20_000)]
            .map(str::to_owned)
            .into();
    let embedder = embedder();
    let vectors = embedder.embed(&texts).await.unwrap();
    assert_eq!(vectors.len(), texts.len());
    for (text, vector) in texts.iter().zip(&vectors) {
        assert_eq!(vector.len(), embedder.model().dimension);
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-4);
        // Alone or padded beside a long line: the same vector.
        let alone = embedder.embed_query(text).await.unwrap();
        assert!(cosine(vector, &alone) > 0.9999, "{:.20}", text);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_arithmetic_stays_on_one_thread() {
    let long = "word ".repeat(5_000);
    embedder().embed(&[long.clone(), "hello".to_owned(), long]).await.unwrap();
    // candle's own pool, of one thread a core, begins with the first operation on many numbers.
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let name = std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default();
        assert!(!name.starts_with("candle"), "{name}");
    }
}

#[test]
fn passes_take_what_fits_and_at_least_one_line() {
    let texts: Vec<String> = [500, 100, 300, 1].map(|bytes| "x".repeat(bytes)).into();
    let counts: Vec<usize> = passes(&texts).map(<[String]>::len).collect();
    assert_eq!(counts, [1, 2, 1]);
    let counts: Vec<usize> = passes(&vec![String::new(); 40]).map(<[String]>::len).collect();
    assert_eq!(counts, [16, 16, 8]);
}

#[tokio::test]
async fn no_text_is_no_vector() {
    assert!(embedder().embed(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_query_overtakes_the_background() {
    let embedder = Arc::new(embedder());
    let started = Instant::now();
    let background = {
        let embedder = Arc::clone(&embedder);
        tokio::spawn(async move {
            embedder.embed(&chat_lines(320)).await.unwrap();
            started.elapsed()
        })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    embedder.embed_query("who asked about the keyboard?").await.unwrap();
    let query = started.elapsed();
    assert!(query * 3 < background.await.unwrap());
}

#[tokio::test]
async fn dropping_the_embedder_ends_its_thread() {
    let embedder = embedder();
    embedder.embed_query("hello").await.unwrap();
    // A weak sender keeps no queue open; it only sees whether the thread still holds the other end.
    let queries = embedder.queries.downgrade();
    drop(embedder);
    assert!(queries.upgrade().is_none());
}

#[tokio::test]
async fn a_stopped_thread_is_told_not_waited_for() {
    let mut embedder = embedder();
    let (queries, jobs) = mpsc::channel(1);
    embedder.queries = queries;
    drop(jobs);
    let err = embedder.embed_query("hello").await.unwrap_err();
    assert!(err.is_transient(), "{err}");
}

#[test]
fn a_missing_file_is_named_with_the_way_to_get_it() {
    let err = CandleEmbedder::load(Path::new("/nonexistent/model")).err().unwrap();
    assert!(matches!(err, EmbedError::Missing { .. }), "{err:?}");
    let text = err.to_string();
    assert!(text.contains("/nonexistent/model/config.json") && text.contains("pedro model fetch"), "{text}");
}
