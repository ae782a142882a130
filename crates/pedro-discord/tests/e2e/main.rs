//! The built bot from the outside: its binary, with nothing but environment variables, against the playground's Discord, a
//! scripted model server and a database of its own. What counts is what people in the server see and what is left in the
//! database.
//!
//! Nothing here depends on a time that a busy machine can miss: tests wait until something is so, in a given order.
//! Process, database and proxy are the same as in the tests of `pedro-twitch`, and are the same files.

#[path = "../../../pedro-twitch/tests/e2e/bot.rs"]
mod bot;
#[path = "../../../pedro-twitch/tests/e2e/database.rs"]
mod database;
#[path = "../../../pedro-twitch/tests/e2e/guard.rs"]
mod guard;
#[path = "../../../pedro-twitch/tests/e2e/proxy.rs"]
mod proxy;
mod tester;

mod answering;
mod border;
mod both;
mod commands;
mod durability;
mod figures;
mod games;
mod gateway;
mod length;
mod logs;
mod look_back;
mod machines;
mod network;
mod operation;
mod plans;
mod privacy;
mod reach;
mod recap;
mod recording;
mod signs;
mod slow_model;
mod trouble;
mod withdrawal;
