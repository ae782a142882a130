//! README.md and deployment/prod.env.example list every option of the bot, and no other.

use pedro_core::testing::listed_otherwise;

const README: &str = include_str!("../../../README.md");
const PROD_ENV: &str = include_str!("../../../deployment/prod.env.example");

#[test]
fn the_documentation_and_the_help_name_the_same_options() {
    let complaints = listed_otherwise(env!("CARGO_BIN_EXE_pedro-discord"), "Twitch", README, PROD_ENV).unwrap();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
