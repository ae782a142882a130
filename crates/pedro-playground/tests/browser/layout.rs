//! The page on screens of any width.

use anyhow::Result;

use crate::town::{NARROW, Town, WIDE};

/// Fields and buttons without a name that a screen reader could say.
const NAMELESS: &str = "[...document.querySelectorAll('button, input, select, textarea, [role=log], dialog')]
    .filter((one) => one.checkVisibility() && !(one.ariaLabel || one.getAttribute('aria-labelledby')
        || one.labels?.length || one.innerText?.trim()))
    .map((one) => one.outerHTML)";

const FITS: &str = "document.documentElement.scrollWidth <= innerWidth";

#[tokio::test]
async fn both_sides_fit_on_a_wide_screen_and_one_at_a_time_on_a_narrow_one() -> Result<()> {
    let town = Town::new().await?;
    let long = "and-a-word-that-does-not-end-".repeat(20);
    town.discord.say(town.general, "bob", &format!("{long}\n```\n{long}\n```\n> {long}"));
    town.twitch.say("pedrotown", "bob", &long);
    let mut person = town.visitor(WIDE).await?;
    person.sees("#log .line", "and-a-word").await?;
    person.sees("#talk .msg", "and-a-word").await?;
    person.until(FITS).await?;
    assert_eq!(person.value(NAMELESS).await?, serde_json::json!([]));

    for (width, height) in [(1280, 720), (1000, 700), NARROW, (320, 640)] {
        person.resize(width, height).await?;
        person.until(FITS).await?;
    }
    person.resize(NARROW.0, NARROW.1).await?;
    person.clicks("[data-tab]", "Discord").await?;
    person.sees("#talk .msg", "and-a-word").await?;
    person.does_not_see("#log .line", "and-a-word").await?;
    person.until(FITS).await?;
    person.clicks("#show-channels", "").await?;
    person.clicks(".channel", "pedro").await?;
    person.sees("#talk-name", "pedro").await?;
    person.sees("#talk-empty", "Nobody else reads this").await?;
    person.clicks("[data-tab]", "Stream").await?;
    person.sees("#stream", "Category").await?;
    person.until(FITS).await?;
    person.clicks("[data-tab]", "Twitch").await?;
    person.sees("#log .line", "and-a-word").await?;
    person.until(FITS).await?;
    assert_eq!(person.value(NAMELESS).await?, serde_json::json!([]));
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}
