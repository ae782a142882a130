//! The stand-in web search from outside, as bots, the page and tests meet it.

mod control;
mod providers;
mod support;
mod trap;
mod trouble;
