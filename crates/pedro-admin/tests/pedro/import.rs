use std::io::Write;

use sqlx::PgPool;

use crate::support::{TempDir, run};

fn line(number: usize, text: &str) -> String {
    format!(
        "{{\"id\":\"{number}\",\"channel\":\"general\",\"author\":\"alice\",\"ts\":\"2026-01-01T00:00:{:02}Z\",\"text\":\"{text}\",\"reply_to\":[]}}\n",
        number % 60
    )
}

fn lines(count: usize) -> String {
    (0..count).map(|number| line(number, "we play factorio tonight")).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[sqlx::test(migrations = false)]
async fn a_file_is_imported_once_however_often_it_is_read(pool: PgPool) {
    let dir = TempDir::new();
    let half = dir.file("half.jsonl", lines(300));
    // Known by its content, not by its name.
    let whole = dir.file("whole.jsonl", gzip(&lines(600)));
    let first = run(&pool, &["import", &half, "--community", "tess"]).await.ok();
    assert!(first.contains("300 new, 0 known, 0 unreadable"), "{first}");
    let second = run(&pool, &["import", &whole, "--community", "tess"]).await.ok();
    assert!(second.contains("300 new, 300 known, 0 unreadable"), "{second}");
    // Another community has the same ids, and its own lines.
    let other = run(&pool, &["import", &whole, "--community", "other", "--channel", "x"]).await.ok();
    assert!(other.contains("600 new"), "{other}");
    let stats = run(&pool, &["memory", "stats", "--json"]).await.json();
    assert_eq!((&stats[0]["community"], &stats[0]["messages"]), (&"other".into(), &600.into()));
    assert_eq!((&stats[1]["messages"], &stats[1]["authors"]), (&600.into(), &1.into()));
}

#[sqlx::test(migrations = false)]
async fn unreadable_lines_are_counted_and_the_first_are_named(pool: PgPool) {
    let dir = TempDir::new();
    let file = dir.file("mixed.jsonl", format!("{}nonsense\n\n{}", line(1, "hi"), line(2, "ho")));
    let ended = run(&pool, &["import", &file, "--community", "tess"]).await;
    assert!(ended.err.contains("line 2: expected"), "{}", ended.err);
    assert!(ended.ok().contains("2 new, 0 known, 1 unreadable"));
    let strict = run(&pool, &["import", &file, "--community", "tess", "--strict"]).await.failed();
    assert!(strict.contains("1 lines of"), "{strict}");
}

#[sqlx::test(migrations = false)]
async fn a_file_that_is_none_gets_a_sentence(pool: PgPool) {
    let dir = TempDir::new();
    let cut = gzip(&lines(600));
    for (file, told) in [
        ("/no/such/file".to_owned(), "/no/such/file cannot be opened"),
        (dir.0.to_str().unwrap().to_owned(), "is a directory"),
        (dir.file("empty", ""), "is empty"),
        (dir.file("binary", [0, 159, 146, 150]), "no line of"),
        (dir.file("cut.gz", &cut[..cut.len() / 2]), "cannot be read on from line"),
    ] {
        let error = run(&pool, &["import", &file, "--community", "tess"]).await.failed();
        assert!(error.contains(told), "{file}: {error}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_was_imported_is_found_with_its_reasons_and_its_window(pool: PgPool) {
    let dir = TempDir::new();
    let chat = [
        line(1, "which editor do you use?"),
        line(2, "neovim with a lot of plugins"),
        line(3, "the cat sleeps on the keyboard"),
    ];
    let file = dir.file("chat.jsonl", chat.concat());
    let told = run(&pool, &["import", &file, "--community", "tess", "--embed"]).await.ok();
    assert!(told.contains("3 lines embedded"), "{told}");
    let search = ["memory", "search", "what did Alice say about neovim?", "--community", "tess"];
    let json = run(&pool, &[&search[..], &["--json", "--limit", "1", "--around", "1"]].concat()).await.json();
    assert_eq!(json["read_as"]["people"], serde_json::json!(["alice"]));
    let hit = &json["hits"][0];
    assert_eq!(hit["text"], "neovim with a lot of plugins");
    assert!(hit["why"]["words"].as_f64().unwrap() > 0.0 && hit["why"]["preference"].as_f64().unwrap() > 0.0, "{hit}");
    assert_eq!(hit["around"].as_array().unwrap().len(), 3);
    let text = run(&pool, &search).await.ok();
    assert!(text.contains("people:  alice") && text.contains("alice: neovim with"), "{text}");
    let unknown = run(&pool, &["memory", "search", "x", "--community", "nobody"]).await.failed();
    assert!(unknown.contains("choose one of tess"), "{unknown}");
}
