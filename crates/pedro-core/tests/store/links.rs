//! Links by meaning: with the real embedding model, for questions that have hardly a word of theirs.

use std::path::PathBuf;
use std::sync::Arc;

use pedro_core::embedder::{CandleEmbedder, DeterministicEmbedder, Embedder};
use pedro_core::memory::{Retriever, embed_links};
use pedro_core::store::embedding::{self, EmbeddingSpace};
use pedro_core::store::link::{self, Link};
use pedro_core::store::{MIGRATOR, StoreError};
use pgvector::HalfVector;
use sqlx::PgPool;

use crate::world::{World, open};

const LINKS: [(&str, &str, &str); 15] = [
    ("discord", "our community server", "chat join invite"),
    ("youtube", "recordings of old streams", "videos vod channel"),
    ("github", "all the source code", "repository repo"),
    ("book", "The Rust Programming Language", "learn tutorial beginners"),
    ("tour", "A Tour of Go, interactive lessons", "golang learn"),
    ("keyboard", "the keyboard on my desk", "moonlander split typing"),
    ("setup", "camera, microphone and lights", "gear hardware equipment"),
    ("dotfiles", "my editor configuration", "neovim vim config"),
    ("meetup", "Utah Go user group", "events in person"),
    ("schedule", "when the streams are", "calendar time days"),
    ("donate", "support the stream", "tip money ko-fi"),
    ("newsletter", "one mail a month with what is new", "subscribe email"),
    ("playlist", "the music in the background", "spotify songs lofi"),
    ("jobs", "open positions at friends' companies", "hiring career"),
    ("recipes", "what I cook on Sundays", "food kitchen pasta"),
];

/// Two for each link, in its order.
const QUESTIONS: [&str; 30] = [
    "is there a place where we can hang out when nobody is live?",
    "where do you all talk during the week?",
    "I missed yesterday, can I watch it somewhere later?",
    "where can I rewatch last week's episode?",
    "where can I look at the program you are writing?",
    "is this project open source?",
    "how do I get started with Rust?",
    "what should a newbie read about the borrow checker?",
    "how do I get started with Go?",
    "any good exercises for somebody new to golang?",
    "what are you using to write so fast, those keys look strange",
    "which mechanical board is that?",
    "which mic is that, you sound great",
    "what do you film yourself with?",
    "which plugins do you have in your terminal editor?",
    "can you share your init.lua?",
    "do you ever get together with gophers in Salt Lake City?",
    "can I come and meet other developers?",
    "at what hour do you go on air?",
    "are you on every evening?",
    "how can I give you a few dollars?",
    "can I buy you a coffee?",
    "can I get updates in my inbox?",
    "how do I hear about news if I am never here?",
    "what is the name of this song?",
    "which tunes are you listening to?",
    "does anybody know a company that needs developers?",
    "I am looking for work as a programmer",
    "how do you make that carbonara?",
    "what is for dinner?",
];

/// What no link is about.
const OTHERS: [&str; 30] = [
    "what did alice say about the parser?",
    "who won the game last night?",
    "why does this panic?",
    "is it raining in Utah?",
    "how old is your cat?",
    "what is the difference between a slice and an array?",
    "did bob fix the printer?",
    "what is a goroutine?",
    "why is the sky blue?",
    "do you like pineapple?",
    "how tall is Mount Everest?",
    "when did we talk about generics?",
    "what was the title last Tuesday?",
    "can you say hello to my mother?",
    "which database did we choose?",
    "is zoe here today?",
    "what happened to the dragon?",
    "are you a robot?",
    "how many people watch?",
    "what does this error mean?",
    "who broke the build?",
    "do you believe in ghosts?",
    "what colour is the new wall?",
    "when is your birthday?",
    "how was your weekend?",
    "what does dave think of tabs?",
    "should I use a mutex or a channel?",
    "is the bug fixed?",
    "did you sleep well?",
    "lol what was that noise",
];

async fn known(world: &World) -> (Arc<dyn Embedder>, EmbeddingSpace) {
    let dir = std::env::var_os("EMBEDDINGS_MODEL_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/models/all-minilm-l6-v2")),
        PathBuf::from,
    );
    let embedder: Arc<dyn Embedder> = Arc::new(CandleEmbedder::load(&dir).unwrap());
    let model = embedder.model();
    let space = embedding::ensure_space(&world.pool, &model.name, model.dimension).await.unwrap();
    for (name, description, words) in LINKS {
        put(world, name, description, words).await;
    }
    assert_eq!(embed_links(&world.pool, embedder.as_ref(), space).await.unwrap(), 2 * LINKS.len());
    (embedder, space)
}

async fn put(world: &World, name: &str, description: &str, words: &str) {
    let url = format!("https://example.org/{name}");
    let link = Link { name: name.into(), url, description: description.into(), words: words.into() };
    link::put(&world.pool, world.community, &link).await.unwrap();
}

fn retriever(world: &World, embedder: &Arc<dyn Embedder>, space: EmbeddingSpace) -> Retriever {
    Retriever::new(world.pool.clone(), Arc::clone(embedder), space)
}

/// The figures beside the threshold (`memory/links.rs`) are what this prints.
#[sqlx::test(migrator = "MIGRATOR")]
async fn questions_without_the_words_of_a_link_find_it_and_others_find_none(pool: PgPool) -> Result<(), StoreError> {
    let world = World::new(pool).await;
    let (embedder, space) = known(&world).await;
    let nearest = async |question: &str| {
        let vector = HalfVector::from_f32_slice(&embedder.embed_query(question).await.unwrap());
        link::nearest(&world.pool, world.community, space, &vector, 1).await.map(|mut near| near.remove(0))
    };
    let (mut asked, mut others) = (Vec::new(), Vec::new());
    for (at, question) in QUESTIONS.iter().enumerate() {
        let near = nearest(question).await?;
        asked.push((near.similarity, near.link.name == LINKS[at / 2].0));
    }
    for question in OTHERS {
        others.push(nearest(question).await?.similarity);
    }
    // Right, wrong, and found for what is about no link.
    let at = |threshold: f64| {
        let of = |right: bool| asked.iter().filter(|(like, is_right)| *is_right == right && *like >= threshold).count();
        (of(true), of(false), others.iter().filter(|like| **like >= threshold).count())
    };
    for threshold in [0.28, 0.30, 0.32, 0.34, 0.36, 0.38, 0.40] {
        println!("{threshold:.2}: {:?} of 30, 30 and 30", at(threshold));
    }
    let (right, wrong, for_others) = at(0.36);
    assert!(right >= 14 && wrong == 0 && for_others <= 1, "{right} {wrong} {for_others}");

    // As they get into a prompt: two at most, by meaning and by words.
    let retriever = retriever(&world, &embedder, space);
    let (mut by_words, mut first, mut among, mut offered) = (0, 0, 0, 0);
    for (at, question) in QUESTIONS.iter().enumerate() {
        let name = LINKS[at / 2].0;
        let words = link::search(&world.pool, world.community, question, 2).await?;
        by_words += usize::from(words.iter().any(|link| link.name == name));
        let links = retriever.links(world.community, question, 2).await?;
        first += usize::from(links.first().is_some_and(|link| link.name == name));
        among += usize::from(links.iter().any(|link| link.name == name));
    }
    for question in OTHERS {
        offered += usize::from(!retriever.links(world.community, question, 2).await?.is_empty());
    }
    println!("words alone {by_words} of 30; both: first {first}, among two {among}; offered to {offered} of 30 others");
    assert!(among >= by_words && among >= 17, "{by_words} {among}");
    Ok(())
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_link_that_changes_is_embedded_anew_and_one_that_goes_is_found_no_more(pool: PgPool) {
    let world = World::new(pool).await;
    let (embedder, space) = known(&world).await;
    let retriever = retriever(&world, &embedder, space);
    let found = async |question: &str| {
        let links = retriever.links(world.community, question, 1).await.unwrap();
        links.into_iter().next().map(|link| link.name)
    };
    assert_eq!(found("which tunes are you listening to?").await.as_deref(), Some("playlist"));
    assert_eq!(embed_links(&world.pool, embedder.as_ref(), space).await.unwrap(), 0, "nothing has changed");
    put(&world, "playlist", "films that I like", "movies cinema").await;
    assert_eq!(found("which tunes are you listening to?").await, None, "what it said before is found no more");
    assert_eq!(embed_links(&world.pool, embedder.as_ref(), space).await.unwrap(), 2);
    assert_eq!(found("what should I watch on the big screen?").await.as_deref(), Some("playlist"));
    put(&world, "playlist", "", "movies cinema").await;
    assert_eq!(embed_links(&world.pool, embedder.as_ref(), space).await.unwrap(), 0, "what is left of it was there");
    assert!(link::remove(&world.pool, world.community, "playlist").await.unwrap());
    assert_eq!(found("what should I watch on the big screen?").await, None);
    let other = open(&world.pool, "other", "other").await.0;
    assert!(retriever.links(other, "at what hour do you go on air?", 2).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn another_model_embeds_the_links_again_in_its_own_space(pool: PgPool) {
    let world = World::new(pool).await;
    let (_, first) = known(&world).await;
    let next: Arc<dyn Embedder> = Arc::new(DeterministicEmbedder::new(64));
    let space = embedding::ensure_space(&world.pool, &next.model().name, 64).await.unwrap();
    let retriever = retriever(&world, &next, space);
    assert!(retriever.links(world.community, "the rust programming language", 1).await.unwrap().len() == 1, "by words");
    assert_eq!(embed_links(&world.pool, next.as_ref(), space).await.unwrap(), 2 * LINKS.len());
    let left: i64 = sqlx::query_scalar("select count(*) from pedro.link_embedding where model_id = $1")
        .bind(first.model_id)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn one_word_is_looked_for_among_words_before_meaning(pool: PgPool) {
    let world = World::new(pool).await;
    let (embedder, space) = known(&world).await;
    let retriever = retriever(&world, &embedder, space);
    for (asked, expected) in [
        ("golang", Some("tour")),
        ("keybord", Some("keyboard")),
        ("music", Some("playlist")),
        ("cooking", Some("recipes")),
        ("zzz", None),
        ("", None),
        ("?!", None),
    ] {
        let links = retriever.links(world.community, asked, 1).await.unwrap();
        assert_eq!(links.first().map(|link| link.name.as_str()), expected, "{asked}");
    }
}
