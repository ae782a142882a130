//! The Twitch side of the page.

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use pedro_playground::search::Provider;
use pedro_playground::{Playground, Settings};
use serde_json::json;

use crate::browser::{ALT, PLAIN};
use crate::town::{CHANNEL, Town, WIDE};

#[tokio::test]
async fn people_chat_and_a_bot_answers() -> Result<()> {
    let town = Town::new().await?;
    let mut person = town.visitor(WIDE).await?;
    person.is_in("#say").await?;
    person.types("hello there").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees("#log .line", "alice: hello there").await?;
    person.presses("2", ALT).await?;
    person.types("hi alice").await?;
    person.presses("Enter", PLAIN).await?;
    person.sees("#log .line", "bob: hi alice").await?;

    let mut bot = TcpStream::connect(town.playground.irc_url().replace("irc://", "")).await?;
    let login = "PASS oauth:anything\r\nNICK pedro_bot\r\nCAP REQ :twitch.tv/tags twitch.tv/commands\r\n";
    bot.write_all(format!("{login}JOIN #{CHANNEL}\r\n").as_bytes()).await?;
    person.sees("#bot-state", "pedro_bot is in #pedrotown").await?;
    let line = &town.twitch.lines(CHANNEL)[1];
    let answer = format!("@reply-parent-msg-id={} PRIVMSG #{CHANNEL} :<b>hello</b> bob\r\n", line.id);
    bot.write_all(answer.as_bytes()).await?;
    person.sees("#log .line.bot", "pedro_bot: <b>hello</b> bob").await?;
    person.sees("#log .line.bot .context", "Replying to @bob: hi alice").await?;
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn the_bots_overlay_is_shown_small_and_folded_away() -> Result<()> {
    // Another playground serves for the bot: what is shown comes from another address than the page.
    let bot = Playground::start(Settings::default()).await?;
    let url = format!("{}/trap/echo?channel=pedrotown", bot.http_url());
    let overlay = Some(url.parse().map_err(anyhow::Error::msg)?);
    let town = Town::with(Settings { overlay, ..Settings::default() }).await?;
    let mut person = town.visitor(WIDE).await?;
    person.sees("#overlay-fold", "Overlay").await?;
    person.until("document.querySelector('#overlay-stage iframe')?.getBoundingClientRect().width > 200").await?;
    let frame = "document.querySelector('#overlay-stage iframe')";
    assert_eq!(person.value(&format!("{frame}.src")).await?, json!(url));
    let fits = "document.querySelector('#overlay-stage').getBoundingClientRect()";
    person.until(&format!("Math.abs({frame}.getBoundingClientRect().width - {fits}.width) < 2")).await?;
    bot.search().asked(crate::devtools::PATIENCE, |requests| !requests.is_empty()).await?;
    assert_eq!(bot.search().requests_to(Provider::Trap)[0].query, "/trap/echo?channel=pedrotown");

    person.clicks("#overlay-fold", "").await?;
    person.until(&format!("!{frame}")).await?;
    person.until("document.querySelector('#overlay-fold').ariaExpanded === 'false'").await?;
    person.sees("#log", "").await?;
    assert_eq!(person.complaints(), [] as [String; 0]);

    let without = Town::new().await?;
    let mut person = without.visitor(WIDE).await?;
    person.does_not_see("#overlay-fold", "").await?;
    Ok(())
}

#[tokio::test]
async fn a_bot_that_shows_a_code_is_let_in_by_a_click() -> Result<()> {
    let town = Town::new().await?;
    let mut person = town.visitor(WIDE).await?;
    person.does_not_see("#sign-ins", "wants to be let in").await?;
    let mut bot = TcpStream::connect(town.playground.http_url().replace("http://", "")).await?;
    let form = "client_id=a-bot&scopes=chat:read";
    let request = format!(
        "POST /oauth2/device HTTP/1.1\r\nHost: playground\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    bot.write_all(request.as_bytes()).await?;
    person.sees("#sign-ins", "A bot wants to be let in. It shows the code").await?;
    let code = town.twitch.device_codes().pop().unwrap_or_default();
    person.sees("#sign-ins code", &code).await?;
    person.clicks("#sign-ins button", "Let it in as").await?;
    person.does_not_see("#sign-ins", "wants to be let in").await?;
    assert_eq!(town.twitch.device_codes(), [] as [String; 0]);
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}
