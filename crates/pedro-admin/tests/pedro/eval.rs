use sqlx::PgPool;

use crate::support::{TempDir, run};

const SET: &str = r#"{"kind":"message","id":"m1","author":"alice","ts":"2026-01-01T10:00:00Z","text":"my keyboard is a split ergodox"}
{"kind":"message","id":"m2","author":"bob","ts":"2026-01-02T10:00:00Z","text":"the cat ate the pizza"}
{"kind":"message","id":"m3","author":"bob","ts":"2026-01-03T10:00:00Z","text":"we deploy on fridays"}
{"kind":"query","id":"q1","text":"which keyboard does alice have?","relevant":["m1"],"category":"fact"}
{"kind":"query","id":"q2","text":"what did the feline eat?","relevant":["m2"],"category":"meaning"}
{"kind":"query","id":"q3","text":"what is the answer?","relevant":[],"category":"none"}
"#;

async fn scratch_databases(pool: &PgPool) -> i64 {
    let own = "select count(*) from pg_database where datname like 'pedro\\_eval\\_%'";
    sqlx::query_scalar(own).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn the_figures_are_those_of_the_file_and_the_scratch_database_goes(pool: PgPool) {
    let dir = TempDir::new();
    let file = dir.file("set.jsonl", SET);
    let report = run(&pool, &["eval", &file, "--json"]).await.json();
    assert_eq!(
        (&report["messages"], &report["queries"], &report["without_relevant"]),
        (&3.into(), &2.into(), &1.into())
    );
    let modes = report["modes"].as_array().unwrap();
    let names: Vec<&str> = modes.iter().map(|mode| mode["mode"].as_str().unwrap()).collect();
    assert_eq!(names, ["words", "meaning", "hybrid"]);
    assert_eq!(modes[2]["overall"]["mrr"], 1.0);
    assert_eq!(modes[2]["categories"]["fact"]["recall_at_5"], 1.0);
    let table = run(&pool, &["eval", &file, "--blend", "0.5"]).await.ok();
    assert!(table.contains("hybrid") && table.contains("The bots' floor"), "{table}");
    assert_eq!(tables(&pool).await, 0, "the configured database is not touched");
}

async fn tables(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'pedro'").fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn a_wrong_file_is_told_before_anything_is_made(pool: PgPool) {
    let (dir, before) = (TempDir::new(), scratch_databases(&pool).await);
    for (content, told) in [
        ("", "holds no message"),
        ("{}\n", "line 1 of"),
        (r#"{"kind":"message","id":"m1","author":"a","ts":"2026-01-01T10:00:00Z","text":"x"}"#, "holds no query"),
    ] {
        let file = dir.file("set.jsonl", content);
        let error = run(&pool, &["eval", &file]).await.failed();
        assert!(error.contains(told), "{error}");
    }
    // Another test's may be there meanwhile, these runs' may not.
    assert!(scratch_databases(&pool).await <= before + 1);
    let unknown = dir.file("set.jsonl", SET.replace(r#"["m1"]"#, r#"["m9"]"#));
    let told = run(&pool, &["eval", &unknown]).await;
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.err.contains("1 relevant lines"), "{}", told.err);
}
