//! What the providers do to bots when they are told to misbehave, and what is noted of it.

use std::time::{Duration, Instant};

use anyhow::Result;
use pedro_playground::search::{Provider, Trouble, UNANSWERED};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{PATIENCE, web};

const SEARX: &str = "/searx/search?q=loud&format=json";
const DUCK: &str = "/ddg/html/?q=loud";
const BRAVE: &str = "/brave/res/v1/web/search?q=loud";

#[tokio::test]
async fn the_next_requests_to_one_provider_fail_and_all_are_noted() -> Result<()> {
    let web = web().await?;
    web.search.fail_next(Provider::Searxng, 2);
    web.search.empty_next(Provider::Searxng, 1);
    for status in [503, 503, 200] {
        assert_eq!(web.get(SEARX).await?.status, status);
    }
    assert_eq!(web.get(DUCK).await?.status, 200);
    assert_eq!(web.get(SEARX).await?.json()?["results"][0]["title"], "Loud keyboards");

    let noted = web.search.requests_to(Provider::Searxng);
    assert_eq!(noted.iter().map(|request| request.status).collect::<Vec<_>>(), [503, 503, 200, 200]);
    assert!(noted.iter().all(|request| request.query == "loud"));
    assert_eq!(web.search.requests().len(), 5);
    web.search.forget_requests();
    assert!(web.search.requests().is_empty());
    web.search.trouble_next(Provider::DuckDuckGo, 5, Trouble::Status { status: 500 });
    web.search.no_trouble();
    assert_eq!(web.get(DUCK).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn nothing_is_found_in_the_way_of_each_provider() -> Result<()> {
    let web = web().await?;
    for provider in Provider::ALL {
        web.search.empty_next(provider, 1);
    }
    assert_eq!(web.get(SEARX).await?.json()?["results"], json!([]));
    assert!(web.get(DUCK).await?.body.contains("No results."));
    assert_eq!(web.get("/ddg/api/?q=rust&format=json").await?.json()?["Heading"], "");
    assert_eq!(web.ask(&format!("GET {BRAVE}"), "X-Subscription-Token: x\r\n", "").await?.json()?.get("web"), None);
    assert_eq!(web.get("/wikipedia/api/rest_v1/page/summary/Rust").await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() -> Result<()> {
    let web = web().await?;
    for provider in [Provider::Brave, Provider::DuckDuckGo] {
        web.search.trouble_next(provider, 1, Trouble::RateLimited { retry_after_s: 7 });
    }
    let duck = web.get(DUCK).await?;
    assert_eq!((duck.status, duck.header("retry-after")), (429, Some("7")));
    let brave = web.ask(&format!("GET {BRAVE}"), "X-Subscription-Token: x\r\n", "").await?;
    assert_eq!((brave.status, brave.header("retry-after")), (429, Some("7")));
    assert_eq!(brave.json()?["error"]["code"], "RATE_LIMITED");
    assert_eq!(brave.header("x-ratelimit-remaining"), Some("0, 1999"));
    assert_eq!(brave.header("x-ratelimit-reset"), Some("7, 1209600"));
    Ok(())
}

#[tokio::test]
async fn who_is_taken_for_a_bot_is_told_so_in_four_ways() -> Result<()> {
    let web = web().await?;
    for provider in Provider::ALL {
        web.search.trouble_next(provider, 1, Trouble::Blocked);
    }
    let duck = web.get(DUCK).await?;
    assert_eq!(duck.status, 202);
    assert!(duck.body.contains("anomaly-modal__title") && duck.body.contains("challenge-form"));
    assert!(!duck.body.contains("result__a") && !duck.body.contains("No results."));
    let searx = web.get(SEARX).await?;
    let found = searx.json()?;
    assert_eq!((searx.status, &found["results"]), (200, &json!([])));
    assert_eq!(found["unresponsive_engines"][0], json!(["duckduckgo", "CAPTCHA"]));
    assert_eq!(web.get("/ddg/api/?q=rust&format=json").await?.status, 403);
    assert_eq!(web.get(BRAVE).await?.status, 403);
    Ok(())
}

#[tokio::test]
async fn answers_come_late_in_half_or_not_at_all() -> Result<()> {
    let web = web().await?;
    web.search.set_delay(Provider::Searxng, Duration::from_millis(80));
    let start = Instant::now();
    assert_eq!(web.get(SEARX).await?.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(80));
    web.search.set_delay(Provider::Searxng, Duration::ZERO);

    web.search.trouble_next(Provider::Searxng, 1, Trouble::CutOff);
    let half = web.get(SEARX).await?;
    assert!(half.status == 200 && half.body.starts_with('{') && half.json().is_err());
    web.search.trouble_next(Provider::Searxng, 1, Trouble::Reset);
    assert!(web.get(SEARX).await.is_err());
    web.search.trouble_next(Provider::Searxng, 1, Trouble::Hang);
    assert!(timeout(Duration::from_millis(100), web.get(SEARX)).await.is_err());
    web.search.asked(PATIENCE, |requests| requests.len() == 4).await?;
    let statuses: Vec<u16> = web.search.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 200, UNANSWERED, UNANSWERED]);
    let in_vain = web.search.asked(Duration::from_millis(10), |requests| requests.len() == 9).await;
    assert!(in_vain.is_err_and(|why| why.to_string().contains("4 so far")));
    Ok(())
}
