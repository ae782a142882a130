//! The Twitch side of the page.

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

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
