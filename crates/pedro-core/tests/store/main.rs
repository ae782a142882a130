//! What lies in the database, and is found, queued and forgotten there: against a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod db_query;
mod embedding;
mod erase;
mod game;
mod game_table;
mod knowledge;
mod links;
mod plan;
mod question;
mod recap;
mod retention;
mod retrieval;
mod slots;
mod trained_prompt;
mod twitch_sent;
mod world;
