//! Signing in to Twitch: what the bot and the operator's command have in common.

pub mod oauth;
pub mod options;
pub mod sign_in;
pub mod token;
