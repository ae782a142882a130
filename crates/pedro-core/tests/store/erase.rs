//! Forgetting leaves nothing: not the line, not its embedding, not what was made from it.

use pedro_core::chat::{ChannelId, ChatMessage, MessageId, Platform, QuestionId};
use pedro_core::plan::{Citation, Origin, PlanStatus, StepOutput, default_plan};
use pedro_core::store::generation::{self, NewGeneration};
use pedro_core::store::plan::Ended;
use pedro_core::store::question::{self, Accepted, Limits, NewQuestion, Reach};
use pedro_core::store::web_search::{self, FoundPage, Provenance};
use pedro_core::store::{MIGRATOR, StoreError, erase, message, plan};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// The world of these tests lies in the past.
const AGES: std::time::Duration = std::time::Duration::from_secs(3_000_000_000);

use crate::world::{World, line, open, reply_to};

/// Everything that the database holds, as text.
pub(crate) async fn dump(pool: &PgPool) -> String {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename from pg_tables where schemaname = 'pedro'").fetch_all(pool).await.unwrap();
    let mut all = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select t::text from pedro.{table} as t")))
                .fetch_all(pool)
                .await
                .unwrap();
        all.push_str(&rows.join("\n"));
    }
    all
}

fn page(title: &str) -> FoundPage {
    FoundPage { title: title.into(), url: "https://example.org/".into(), snippet: String::new() }
}

fn made_from(messages: &[MessageId]) -> Provenance<'_> {
    Provenance { question: None, messages }
}

/// Bob asks, Pedro searches the web with a line of Ann's and answers from it.
pub(crate) async fn answered_from(world: &World, fact: &ChatMessage) {
    let source = world.write(world.channel, fact, None).await;
    let asked = line("room", "Bob", "what is the word?", world.now);
    world.write(world.channel, &asked, None).await;
    let new = NewQuestion {
        wants_plan: false,
        community: world.community,
        channel: world.channel,
        platform: Platform::Twitch,
        platform_message_id: &asked.platform_message_id,
        ephemeral: false,
        asker_hash: b"bob",
        asker_name: "Bob",
        text: &asked.text,
        reply_target: serde_json::json!({}),
        asked_at: world.now,
        hold: std::time::Duration::ZERO,
    };
    let limits = Limits { open_per_person: 1, hourly_per_person: 9, queue: 9 };
    let mut connection = world.pool.acquire().await.unwrap();
    let accepted = question::accept(&mut connection, &new, &limits).await.unwrap();
    let Accepted::Queued { id, .. } = accepted else { panic!("{accepted:?}") };
    let reach = Reach { everywhere: Some(Platform::Twitch), channels: Vec::new() };
    let held = question::claim(&world.pool, &reach, &[], AGES).await.unwrap().unwrap();
    found_by_a_step(&mut connection, id, held.lease_owner, source).await;
    let generation = NewGeneration { sources: &[source], ..new_generation(world, id) };
    let generation = generation::insert(&mut connection, &generation).await.unwrap();
    question::keep_answer(&mut connection, id, held.lease_owner, "Ann said xyzzy").await.unwrap();
    let mut answer = line("room", "pedro_bot", "Ann said xyzzy", world.now);
    answer.reply_to = reply_to(&asked);
    web_search::keep(&mut connection, "searxng", b"hash", &[page("all about xyzzy")], made_from(&[source]))
        .await
        .unwrap();
    let from = Provenance { question: Some(id), messages: &[] };
    web_search::keep(&mut connection, "searxng", b"asked", &[page("what Bob wants")], from).await.unwrap();
    world.write(world.channel, &answer, Some(generation)).await;
    world.retriever().await;
}

/// A plan was carried out for the question, and one of its steps found a line.
async fn found_by_a_step(connection: &mut PgConnection, question: QuestionId, owner: Uuid, source: MessageId) {
    let plan = default_plan("what is the word?", serde_json::Map::new());
    let id = plan::insert(connection, question, owner, Origin::Default, None, &plan).await.unwrap();
    plan::start_step(&mut *connection, id, "s1", owner).await.unwrap();
    let output = StepOutput {
        text: "Ann: the word is xyzzy".into(),
        sources: vec![source],
        citations: vec![Citation { title: "Ann, xyzzy".into(), url: None }],
        note: Some("xyzzy was found".into()),
    };
    plan::end_step(connection, id, "s1", owner, &Ended::Succeeded(output)).await.unwrap();
    plan::close(connection, id, PlanStatus::Succeeded).await.unwrap();
}

fn new_generation(world: &World, question: pedro_core::chat::QuestionId) -> NewGeneration<'static> {
    NewGeneration {
        community: world.community,
        question: Some(question),
        purpose: "answer",
        model: "m",
        prompt: Some(serde_json::json!([{"role": "user", "content": "Ann: the word is xyzzy"}])),
        output: Some("Ann said xyzzy"),
        prompt_tokens: None,
        completion_tokens: None,
        first_token_ms: None,
        took_ms: 1,
        failure: None,
        sources: &[],
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_forgotten_person_leaves_no_line_embedding_prompt_or_answer(pool: PgPool) {
    let world = World::new(pool).await;
    let fact = line("room", "Ann", "the word is xyzzy", world.now);
    answered_from(&world, &fact).await;
    assert!(dump(&world.pool).await.contains("xyzzy"));
    let mut transaction = world.pool.begin().await.unwrap();
    let gone = erase::person(&mut transaction, Platform::Twitch, "id-of-Ann", b"ann").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(gone.lines, 2, "the line, and Pedro's answer");
    let left = dump(&world.pool).await;
    for trace in ["xyzzy", "Ann", "id-of-Ann"] {
        assert!(!left.contains(trace), "{trace} is left in\n{left}");
    }
    assert!(left.contains("what is the word?"), "Bob's own line stays");
    assert_eq!(world.count("message_embedding").await, world.count("message").await);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_forgotten_asker_leaves_no_question_and_no_answer(pool: PgPool) {
    let world = World::new(pool).await;
    answered_from(&world, &line("room", "Ann", "the word is xyzzy", world.now)).await;
    let mut transaction = world.pool.begin().await.unwrap();
    erase::person(&mut transaction, Platform::Twitch, "id-of-Bob", b"bob").await.unwrap();
    transaction.commit().await.unwrap();
    let left = dump(&world.pool).await;
    assert!(!left.contains("Bob") && !left.contains("Ann said"), "{left}");
    let late = Provenance { question: Some(1.into()), messages: &[] };
    let late = web_search::keep(&mut world.pool.acquire().await.unwrap(), "searxng", b"late", &[], late).await;
    assert!(matches!(late, Err(StoreError::SourceForgotten)));
    assert!(left.contains("the word is xyzzy"), "Ann's line stays");
    assert_eq!(world.count("generation").await, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_deleted_line_takes_along_what_was_made_from_it(pool: PgPool) {
    let world = World::new(pool).await;
    let fact = line("room", "Ann", "the word is xyzzy", world.now);
    answered_from(&world, &fact).await;
    let mut connection = world.pool.acquire().await.unwrap();
    assert!(erase::line(&mut connection, Platform::Twitch, &fact.platform_message_id).await.unwrap().lines > 0);
    assert_eq!(erase::line(&mut connection, Platform::Twitch, &fact.platform_message_id).await.unwrap().lines, 0);
    assert!(!dump(&world.pool).await.contains("xyzzy"));
}

/// What a moderator points at in a channel is erased.
async fn point_at(world: &World, channel: ChannelId, id: &str) -> u64 {
    let mut transaction = world.pool.begin().await.unwrap();
    let erased = erase::pointed_at(&mut transaction, channel, Platform::Twitch, id).await.unwrap();
    transaction.commit().await.unwrap();
    erased.lines
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_line_that_is_pointed_at_goes_with_all_that_was_made_from_it_but_not_from_another_channel(pool: PgPool) {
    let world = World::new(pool).await;
    let fact = line("room", "Ann", "the word is xyzzy", world.now);
    answered_from(&world, &fact).await;
    let (_, other) = open(&world.pool, "home", "other room").await;
    assert_eq!(point_at(&world, other, &fact.platform_message_id).await, 0);
    assert!(dump(&world.pool).await.contains("xyzzy"));
    assert_eq!(point_at(&world, world.channel, &fact.platform_message_id).await, 2);
    assert!(!dump(&world.pool).await.contains("xyzzy"));
    assert_eq!(point_at(&world, world.channel, &fact.platform_message_id).await, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_answer_that_is_pointed_at_goes_whole_and_leaves_the_line_that_it_was_made_from(pool: PgPool) {
    let world = World::new(pool).await;
    answered_from(&world, &line("room", "Ann", "the word is xyzzy", world.now)).await;
    // A second piece of the same answer.
    let (piece, generation): (String, i64) =
        sqlx::query_as("select platform_message_id, generation_id from pedro.message where generation_id is not null")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    let second = line("room", "pedro_bot", "and that was all that Ann said", world.now);
    world.write(world.channel, &second, Some(generation.into())).await;
    assert_eq!(point_at(&world, world.channel, &piece).await, 2);
    let left = dump(&world.pool).await;
    assert!(!left.contains("Ann said"), "{left}");
    assert!(left.contains("the word is xyzzy") && left.contains("what is the word?"), "{left}");
    let (answer, prompt): (Option<String>, Option<serde_json::Value>) =
        sqlx::query_as("select answer, prompt from pedro.question, pedro.generation")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!((answer, prompt), (None, None));
    let status: String = sqlx::query_scalar("select status from pedro.question").fetch_one(&world.pool).await.unwrap();
    assert_eq!(status, "cancelled", "it was being said, and is not said to its end");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_answer_made_from_a_line_that_is_gone_meanwhile_is_refused(pool: PgPool) {
    let world = World::new(pool).await;
    let source = world.say("Ann", "the word is xyzzy").await;
    let mut connection = world.pool.acquire().await.unwrap();
    erase::messages(&mut connection, &[source]).await.unwrap();
    let new = NewGeneration { question: None, sources: &[source], ..new_generation(&world, 1.into()) };
    let refused = generation::insert(&mut connection, &new).await;
    assert!(matches!(refused, Err(StoreError::SourceForgotten)));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_search_of_the_web_goes_with_each_line_that_it_was_made_from(pool: PgPool) {
    let world = World::new(pool).await;
    let lines = [line("room", "Ann", "one", world.now), line("room", "Bob", "two", world.now)];
    let mut connection = world.pool.acquire().await.unwrap();
    for way in ["deleted", "edited", "searched again"] {
        let (ann, bob) =
            (world.write(world.channel, &lines[0], None).await, world.write(world.channel, &lines[1], None).await);
        web_search::keep(&mut connection, "brave", b"both", &[page("x")], made_from(&[ann, bob])).await.unwrap();
        web_search::keep(&mut connection, "brave", b"none", &[page("x")], made_from(&[])).await.unwrap();
        match way {
            "deleted" => drop(erase::messages(&mut connection, &[bob]).await.unwrap()),
            "edited" => {
                let id = &lines[0].platform_message_id;
                assert!(message::edit(&world.pool, Platform::Twitch, id, "another").await.unwrap());
            }
            _ => web_search::keep(&mut connection, "brave", b"both", &[page("x")], made_from(&[ann])).await.unwrap(),
        }
        let left = if way == "searched again" { 2 } else { 1 };
        assert_eq!(world.count("web_search").await, left, "{way}");
        erase::messages(&mut connection, &[ann, bob]).await.unwrap();
        assert_eq!(world.count("web_search").await, 1, "{way}");
    }
    let gone = web_search::keep(&mut connection, "brave", b"late", &[page("x")], made_from(&[1.into()])).await;
    assert!(matches!(gone, Err(StoreError::SourceForgotten)));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_being_written_from_a_line_while_it_is_forgotten_goes_too(pool: PgPool) {
    let world = World::new(pool).await;
    let source = world.say("Ann", "the word is xyzzy").await;
    let mut writer = world.pool.begin().await.unwrap();
    web_search::keep(&mut writer, "brave", b"hash", &[page("xyzzy")], made_from(&[source])).await.unwrap();
    let new = NewGeneration { question: None, sources: &[source], ..new_generation(&world, 1.into()) };
    generation::insert(&mut writer, &new).await.unwrap();
    let forget = async {
        let mut transaction = world.pool.begin().await.unwrap();
        erase::messages(&mut transaction, &[source]).await.unwrap();
        transaction.commit().await.unwrap();
    };
    let write = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        writer.commit().await.unwrap();
    };
    tokio::join!(forget, write);
    assert!(!dump(&world.pool).await.contains("xyzzy"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn clearing_takes_what_was_said_since_and_of_one_person_only_theirs(pool: PgPool) {
    let world = World::new(pool).await;
    let hour = chrono::Duration::hours(1);
    for (who, hours) in [("Ann", 30), ("Ann", 1), ("Bob", 30), ("Bob", 1)] {
        world.say_in(world.channel, "room", who, "hello", world.now - hour * hours).await;
    }
    let mut connection = world.pool.acquire().await.unwrap();
    let since = Some(world.now - hour * 24);
    assert_eq!(erase::channel_lines(&mut connection, world.channel, Some("id-of-Ann"), since).await.unwrap().lines, 1);
    assert_eq!(erase::channel_lines(&mut connection, world.channel, Some("id-of-Ann"), None).await.unwrap().lines, 1);
    assert_eq!(erase::channel_lines(&mut connection, world.channel, None, since).await.unwrap().lines, 1);
    assert_eq!(world.count("message").await, 1);
}
