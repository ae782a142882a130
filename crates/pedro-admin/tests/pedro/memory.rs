use serde_json::json;
use sqlx::PgPool;

use crate::support::{TempDir, end_with_input, pedro, run};

fn line(number: usize, author: &str, text: &str) -> String {
    format!(
        "{{\"id\":\"{number}\",\"channel\":\"general\",\"author\":\"{author}\",\"ts\":\"2026-01-01T00:00:{number:02}Z\",\"text\":\"{text}\"}}\n"
    )
}

/// Three lines of Alice's, one of Bob's.
async fn imported(pool: &PgPool) {
    let lines = [(1, "alice", "one"), (2, "alice", "two"), (3, "bob", "three"), (4, "alice", "four")];
    let dir = TempDir::new();
    let file = dir.file("chat.jsonl", lines.map(|(number, who, text)| line(number, who, text)).concat());
    run(pool, &["import", &file, "--community", "tess"]).await.ok();
}

async fn lines_of(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select text from pedro.message order by id").fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn a_person_is_given_what_is_stored_of_them_and_forgotten_when_confirmed(pool: PgPool) {
    imported(&pool).await;
    let whom = ["--author", "@Alice", "--platform", "import"];
    let export = run(&pool, &[&["memory", "export"][..], &whom].concat()).await.json();
    assert_eq!((&export["platform"], &export["lines"][2]["text"]), (&json!("import"), &json!("four")));
    assert_eq!(export["lines"].as_array().unwrap().len(), 3);
    assert_eq!((&export["questions"], &export["games"]), (&json!([]), &json!([])));

    let forget = [&["memory", "forget"][..], &whom].concat();
    for answer in ["", "no\n", "y\n"] {
        let kept = end_with_input(pedro(Some(&pool), &forget), answer).await.failed();
        assert!(kept.contains("Delete 3 lines, 0 questions, 0 games of alice (import, id"), "{kept}");
        assert!(kept.contains("nothing was deleted"), "{kept}");
    }
    assert_eq!(lines_of(&pool).await.len(), 4);
    let done = end_with_input(pedro(Some(&pool), &forget), "yes\n").await.ok();
    assert!(done.starts_with("deleted 3 lines, 0 questions, 0 games of alice"), "{done}");
    assert!(done.ends_with("0 lines of Pedro's made from them\n"), "{done}");
    assert_eq!(lines_of(&pool).await, ["three"]);
    let gone = run(&pool, &[&forget[..], &["--yes"]].concat()).await.failed();
    assert!(gone.contains("nothing of Alice"), "{gone}");
    run(&pool, &["memory", "forget", "--author", "bob", "--platform", "import", "--yes"]).await.ok();
    assert!(lines_of(&pool).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn two_people_of_one_name_are_told_apart_by_their_ids(pool: PgPool) {
    imported(&pool).await;
    sqlx::query("update pedro.author set display_name = 'Alice' where login = 'bob'").execute(&pool).await.unwrap();
    let told = run(&pool, &["memory", "forget", "--author", "alice", "--platform", "import", "--yes"]).await.failed();
    assert!(told.contains("several people are called \"alice\"") && told.contains("(Alice, 1 lines)"), "{told}");
    assert_eq!(lines_of(&pool).await.len(), 4);
    let id: String = sqlx::query_scalar("select platform_user_id from pedro.author where login = 'bob'")
        .fetch_one(&pool)
        .await
        .unwrap();
    run(&pool, &["memory", "forget", "--author", &id, "--platform", "import", "--yes"]).await.ok();
    assert_eq!(lines_of(&pool).await, ["one", "two", "four"]);
    let unknown = run(&pool, &["memory", "export", "--author", "alice", "--platform", "irc"]);
    let unknown = unknown.await;
    assert!(unknown.code == 2 && unknown.err.contains("give twitch, discord, import"), "{}", unknown.err);
}

#[sqlx::test(migrations = false)]
async fn everything_is_embedded_anew_in_the_space_in_use(pool: PgPool) {
    imported(&pool).await;
    run(&pool, &["links", "add", "songs", "https://example.org", "music", "--community", "tess"]).await.ok();
    let first = run(&pool, &["memory", "reembed"]).await.ok();
    assert!(first.starts_with("embedded 4 lines, and all links, with"), "{first}");
    let marked = run(&pool, &["memory", "reembed", "--background", "--community", "tess"]).await.ok();
    assert!(marked.starts_with("4 lines are marked"), "{marked}");
    let waiting: i64 =
        sqlx::query_scalar("select count(*) from pedro.message_unembedded").fetch_one(&pool).await.unwrap();
    let embedded: i64 =
        sqlx::query_scalar("select count(*) from pedro.message_embedding").fetch_one(&pool).await.unwrap();
    assert_eq!((waiting, embedded), (4, 4), "the old ones serve until there are new ones");
    run(&pool, &["memory", "reembed"]).await.ok();
    let waiting: i64 =
        sqlx::query_scalar("select count(*) from pedro.message_unembedded").fetch_one(&pool).await.unwrap();
    assert_eq!(waiting, 0);
}
