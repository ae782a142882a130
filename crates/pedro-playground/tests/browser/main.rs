//! The page in a real browser: people chat, run commands, press buttons, choose from menus, and see what they may see.
//!
//! Needs Chromium; `dev/bootstrap --browser` installs it. Without it these tests fail, they are never skipped.

mod bot;
mod browser;
mod devtools;
mod discord;
mod layout;
mod menus;
mod search;
mod town;
mod trouble;
mod twitch;
