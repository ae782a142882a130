//! The drawer of the web search.

use anyhow::Result;
use pedro_playground::search::Provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::{CTRL, PLAIN, Person};
use crate::town::{NARROW, Town, WIDE};

/// Somebody asks SearXNG.
async fn ask(town: &Town, query: &str) -> Result<()> {
    let mut stream = TcpStream::connect(town.playground.http_url().replace("http://", "")).await?;
    let line = format!("GET /searx/search?q={query}&format=json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(line.as_bytes()).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

async fn opens(person: &mut Person) -> Result<()> {
    person.presses("k", CTRL).await?;
    person.sees("#search-drawer h2", "Web search").await
}

#[tokio::test]
async fn what_was_asked_is_shown_and_trouble_is_made() -> Result<()> {
    let town = Town::new().await?;
    let mut person = town.visitor(WIDE).await?;
    person.sees("#search-sum", "Nothing was looked for yet").await?;
    ask(&town, "go+loops").await?;
    person.sees("#search-sum", "Asked once").await?;
    opens(&mut person).await?;
    person.sees("#asked li", "go loops").await?;
    person.sees("#asked .status.good", "200").await?;
    person.clicks("#providers .chip", "SearXNG: the next 2 requests fail").await?;
    person.sees("#providers .pending-trouble", "next: 503, 503").await?;
    ask(&town, "rust").await?;
    person.sees("#asked .status.bad", "503").await?;
    person.sees("#providers .pending-trouble", "next: 503").await?;
    person.clicks("#no-trouble", "").await?;
    person.does_not_see("#providers .pending-trouble", "503").await?;
    ask(&town, "rust").await?;
    person.sees("#search-sum", "Asked 3 times").await?;
    assert_eq!(town.playground.search().requests_to(Provider::Searxng)[2].status, 200);
    person.clicks("#forget", "").await?;
    person.does_not_see("#asked li", "rust").await?;
    person.presses("Escape", PLAIN).await?;
    person.does_not_see("#search-drawer h2", "Web search").await?;
    person.is_in("#say").await?;
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}

#[tokio::test]
async fn pages_are_found_added_and_removed() -> Result<()> {
    let town = Town::new().await?;
    let mut person = town.visitor(WIDE).await?;
    person.resize(NARROW.0, NARROW.1).await?;
    opens(&mut person).await?;
    person.clicks("#find", "").await?;
    person.types("which keyboard").await?;
    person.sees("#pages li", "Mechanical keyboards").await?;
    person.does_not_see("#pages li", "Go generics").await?;
    person.clicks("#pages button", "Remove Mechanical keyboards").await?;
    person.does_not_see("#pages li", "Mechanical keyboards").await?;
    person.is_in("#find").await?;
    person.clicks("#page-title", "").await?;
    person.types("Keyboards on the moon").await?;
    person.presses("Tab", PLAIN).await?;
    person.types("https://moon.example/").await?;
    person.presses("Tab", PLAIN).await?;
    person.types("No sound is heard of them.").await?;
    person.clicks("#add-page button", "Add the page").await?;
    person.sees("#pages li", "Keyboards on the moon").await?;
    assert_eq!(town.playground.search().find("moon")[0].url, "https://moon.example/");
    person.clicks("#restore-pages", "").await?;
    person.sees("#pages li", "Mechanical keyboards").await?;
    person.does_not_see("#pages li", "moon").await?;
    assert_eq!(person.complaints(), [] as [String; 0]);
    Ok(())
}
