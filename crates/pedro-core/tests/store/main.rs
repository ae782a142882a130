//! What lies in the database, and is found, queued and forgotten there: against a real PostgreSQL.

mod erase;
mod knowledge;
mod question;
mod retrieval;
mod slots;
mod world;
