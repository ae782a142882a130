//! Links by meaning: with the real embedding model, for questions that have hardly a word of theirs.

use std::path::PathBuf;
use std::sync::Arc;

use pedro_core::embedder::{CandleEmbedder, Embedder};
use pedro_core::memory::{Retriever, embed_links};
use pedro_core::store::embedding::{self, EmbeddingSpace};
use pedro_core::store::link::{self, Link};
use pedro_core::store::{MIGRATOR, StoreError};
use pgvector::HalfVector;
use sqlx::PgPool;

use crate::world::World;

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
    assert_eq!(embed_links(&world.pool, embedder.as_ref(), space).await.unwrap(), LINKS.len());
    (embedder, space)
}

async fn put(world: &World, name: &str, description: &str, words: &str) {
    let url = format!("https://example.org/{name}");
    let link = Link { name: name.into(), url, description: description.into(), words: words.into() };
    link::put(&world.pool, world.community, &link).await.unwrap();
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
    let (mut right, mut others) = (Vec::new(), Vec::new());
    for (at, question) in QUESTIONS.iter().enumerate() {
        let near = nearest(question).await?;
        let is_right = near.link.name == LINKS[at / 2].0;
        println!("{:.2} {is_right} {} for {question}", near.similarity, near.link.name);
        right.push((near.similarity, is_right));
    }
    for question in OTHERS {
        let near = nearest(question).await?;
        println!("{:.2} other {} for {question}", near.similarity, near.link.name);
        others.push(near.similarity);
    }
    for threshold in [0.20, 0.25, 0.28, 0.30, 0.32, 0.34, 0.36, 0.38, 0.40, 0.45] {
        let found = right.iter().filter(|(similarity, is_right)| *is_right && *similarity >= threshold).count();
        let wrong = right.iter().filter(|(similarity, is_right)| !is_right && *similarity >= threshold).count();
        let false_positives = others.iter().filter(|similarity| **similarity >= threshold).count();
        println!("{threshold:.2}: {found} of 30 found, {wrong} wrong, {false_positives} of 30 others find one");
    }
    Ok(())
}
