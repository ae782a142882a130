//! The stand-in Discord from outside, as bots, the page and tests meet it.

mod commands;
mod control;
mod files;
mod gateway;
mod interactions;
mod limits;
mod menus;
mod messages;
mod support;
mod threads;
mod trouble;
