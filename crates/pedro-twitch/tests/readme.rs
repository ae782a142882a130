//! README.md lists every option of the bot, and no other.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod options;

#[test]
fn the_documentation_and_the_help_name_the_same_options() {
    options::compare(env!("CARGO_BIN_EXE_pedro-twitch"), "Discord");
}
