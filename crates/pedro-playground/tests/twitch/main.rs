//! The stand-in Twitch from outside, as bots, the page and tests meet it.

mod chat;
mod eventsub;
mod http;
mod support;
mod trouble;
