//! What is found, and what must not be.

use chrono::Duration;
use pedro_core::chat::Platform;
use pedro_core::store::{MIGRATOR, message};
use sqlx::PgPool;

use crate::world::{World, line, open};

async fn fill(world: &World) {
    for text in ["good morning everyone", "nice weather in the mountains", "my cat sleeps on the keyboard again"] {
        world.say("zoe", text).await;
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn words_that_a_parser_tears_apart_and_misspelled_ones_are_found(pool: PgPool) {
    let world = World::new(pool).await;
    fill(&world).await;
    let gopls = world.say("bob", "restart gopls when completion hangs").await;
    let cpp = world.say("bob", "the old engine was written in C++ back then").await;
    let c = world.say("bob", "plain C is fine too").await;
    let port = world.say("bob", "the dev server listens on :8080 by default").await;
    let alice = world.say("bob", "@alice brought cookies to the meetup").await;
    let kubernetes = world.say("bob", "we moved everything to kubernetes").await;
    let node = world.say("bob", "node.js 22 broke the build").await;
    fill(&world).await;
    let retriever = world.retriever().await;
    for (question, expected) in [
        ("gopls?", gopls),
        ("what was written in C++?", cpp),
        ("is plain C fine?", c),
        ("what runs on :8080?", port),
        ("what about @alice?", alice),
        ("where did we move to, kubernets?", kubernetes),
        ("did node.js break?", node),
    ] {
        assert_eq!(world.best(&retriever, question).await, Some(expected), "{question}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_questions_own_line_is_not_found_and_proves_no_spelling(pool: PgPool) {
    let world = World::new(pool).await;
    let told = world.say("bob", "we moved everything to kubernetes").await;
    fill(&world).await;
    let question = "where did we move to, kubernets?";
    let asked = world.say("ann", question).await;
    let retriever = world.retriever().await;
    let recall = pedro_core::memory::Recall { exclude: Some(asked), ..world.recall(question) };
    let found = retriever.recall(&recall).await.unwrap();
    assert_eq!(found.hits.first().map(|hit| hit.id), Some(told));
    assert!(found.hits.iter().all(|hit| hit.id != asked));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_name_in_the_question_prefers_that_persons_lines(pool: PgPool) {
    let world = World::new(pool).await;
    let maya = world.say("Maya", "I play the cello in an orchestra").await;
    fill(&world).await;
    let tom = world.say("Tom", "I play the trumpet in an orchestra").await;
    fill(&world).await;
    let retriever = world.retriever().await;
    assert_eq!(world.best(&retriever, "what does Maya play in the orchestra?").await, Some(maya));
    assert_eq!(world.best(&retriever, "what does tom's orchestra let him play?").await, Some(tom));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_line_beside_a_hit_comes_along(pool: PgPool) {
    let world = World::new(pool).await;
    fill(&world).await;
    let asked = world.say("ann", "how was the recital yesterday evening?").await;
    let told = world.say("bea", "terrible, I forgot everything").await;
    fill(&world).await;
    let retriever = world.retriever().await;
    let found = retriever.recall(&world.recall("how was the recital?")).await.unwrap();
    let ids: Vec<_> = found.hits.iter().take(2).map(|hit| hit.id).collect();
    assert_eq!(ids, [asked, told]);
    let windows = retriever.windows(&found.hits[..1], 1).await.unwrap();
    assert!(windows[0].lines.iter().any(|line| line.id == told), "and stands in the window of the hit");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_line_that_says_when_is_the_answer_if_that_is_asked(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let when = world.say("ann", "we paint the whole boat again next tuesday").await;
    fill(&world).await;
    let how = world.say("ann", "we paint the whole boat again every spare hour").await;
    fill(&world).await;
    let retriever = world.retriever().await;
    assert_eq!(world.best(&retriever, "who will paint the boat?").await, Some(how), "the newer one");
    assert_eq!(world.best(&retriever, "when will they paint the boat?").await, Some(when));
    let cue = retriever.recall(&world.recall("when?")).await.unwrap().cue;
    let spelled = "yesterday today tonight tomorrow ago last next week weekend month Monday Tuesday Wednesday Thursday \
        Friday Saturday Sunday January February March April May June July August September October November December \
        spring autumn";
    let lexemes = pedro_core::store::search::lexemes(&pool, spelled).await.unwrap();
    assert_eq!(lexemes.len(), spelled.split_whitespace().count());
    for lexeme in lexemes {
        assert!(cue.is_told_by(std::slice::from_ref(&lexeme)), "{lexeme}: as the database writes it");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn last_week_is_a_border_and_without_lines_then_it_is_none(pool: PgPool) {
    let world = World::new(pool).await;
    let week = Duration::days(7);
    let long_ago = world.say_in(world.channel, "room", "ann", "the keyboard is a Model M", world.now - week * 9).await;
    let last_week = world.say_in(world.channel, "room", "ann", "the keyboard is an Atreus", world.now - week).await;
    world.say("ann", "the keyboard is a Planck").await;
    let retriever = world.retriever().await;
    assert_eq!(world.best(&retriever, "which keyboard was it last week?").await, Some(last_week));
    let found = retriever.recall(&world.recall("which keyboard was it last week?")).await.unwrap();
    assert_eq!(found.hits.len(), 1, "nothing from other weeks");
    let found = retriever.recall(&world.recall("which keyboard was it last year?")).await.unwrap();
    assert!(found.hits.iter().any(|hit| hit.id == long_ago), "nothing was said then: everything is searched");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_bots_say_is_no_evidence_but_stands_in_the_window(pool: PgPool) {
    let world = World::new(pool).await;
    let bot = world.say("nightbot", "the giveaway starts at nine").await;
    let person = world.say("ann", "thanks, the giveaway is great").await;
    let own = world.say("pedro_bot", "the giveaway starts at ten").await;
    let retriever = world.retriever().await;
    let found = retriever.recall(&world.recall("when does the giveaway start?")).await.unwrap();
    assert_eq!(found.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [person]);
    let windows = retriever.windows(&found.hits, 2).await.unwrap();
    let shown: Vec<_> = windows[0].lines.iter().map(|line| line.id).collect();
    assert_eq!(shown, [bot, person, own]);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn another_communitys_and_a_closed_channels_lines_are_out_of_reach(pool: PgPool) {
    let world = World::new(pool).await;
    let (_, abroad) = open(&world.pool, "abroad", "abroad").await;
    let (_, closed) = open(&world.pool, "home", "moderators").await;
    sqlx::query("update pedro.channel set public = false where id = $1")
        .bind(closed)
        .execute(&world.pool)
        .await
        .unwrap();
    world.say_in(abroad, "abroad", "ann", "the secret ingredient is nutmeg", world.now).await;
    let told = world.say_in(closed, "moderators", "ann", "the secret ingredient is cumin", world.now).await;
    let retriever = world.retriever().await;
    let question = "what is the secret ingredient?";
    assert_eq!(world.best(&retriever, question).await, None);
    let inside = pedro_core::memory::Recall { place: Some(closed), ..world.recall(question) };
    let found = retriever.recall(&inside).await.unwrap();
    assert_eq!(found.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [told], "who is inside may know");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn nothing_is_retrieved_below_the_floor(pool: PgPool) {
    let world = World::new(pool).await;
    fill(&world).await;
    let retriever = world.retriever().await;
    assert_eq!(world.best(&retriever, "quantum chromodynamics?").await, None);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_line_that_is_delivered_twice_is_stored_once_and_names_follow(pool: PgPool) {
    let world = World::new(pool).await;
    let first = line("room", "Ann", "hello", world.now);
    let mut again = first.clone();
    again.author.display_name = "ANN_the_great".into();
    let mut nul = line("room", "Bea", "nul", world.now);
    nul.text = "nul\0byte".into();
    let mut connection = world.pool.acquire().await.unwrap();
    let new = |message| message::NewLine { channel: world.channel, message, generation: None };
    let ids = message::insert_lines(&mut connection, &[new(&first), new(&first), new(&nul)]).await.unwrap();
    assert_eq!(ids.len(), 2);
    assert!(message::insert_lines(&mut connection, &[new(&again)]).await.unwrap().is_empty());
    assert_eq!((world.count("message").await, world.count("author").await), (2, 2));
    let names: Vec<String> =
        sqlx::query_scalar("select display_name from pedro.author order by id").fetch_all(&world.pool).await.unwrap();
    assert!(names.contains(&"ANN_the_great".to_owned()), "{names:?}");
    assert_eq!(
        message::find(&world.pool, Platform::Twitch, &nul.platform_message_id).await.unwrap(),
        ids.get(&nul.platform_message_id).copied()
    );
}
