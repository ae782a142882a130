//! The built bot from the outside: its binary, with nothing but environment variables, against the playground, a
//! scripted model server and a database of its own. What counts is what people in chat see and what is left in the
//! database.
//!
//! Nothing here depends on a time that a busy machine can miss: tests wait until something is so, in a given order.

mod bot;
mod database;
mod postgres;
mod proxy;
mod tester;

mod answering;
mod api;
mod communities;
mod connection;
mod dump;
mod durability;
mod eventsub;
mod faults;
mod figures;
mod guard;
mod helix_sending;
mod integrations;
mod knowledge;
mod limits;
mod logs;
mod memory;
mod moderation;
mod operation;
mod outage;
mod overhear;
mod plans;
mod privacy;
mod recap;
mod restart;
mod safety;
mod sign_in;
mod signed_out;
mod slow_model;
mod watchdog;
