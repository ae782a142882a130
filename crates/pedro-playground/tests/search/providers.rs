//! What each provider answers, in its own form.

use anyhow::{Context, Result};
use pedro_playground::search::Provider;
use serde_json::{Value, json};

use crate::support::web;

#[tokio::test]
async fn searxng_speaks_json_where_it_is_enabled_and_html_everywhere() -> Result<()> {
    let web = web().await?;
    let answer = web.get("/searx/search?q=loud+keyboard&format=json").await?;
    let found = answer.json()?;
    assert_eq!((answer.status, &found["query"]), (200, &json!("loud keyboard")));
    assert_eq!(found["results"].as_array().map(Vec::len), Some(2));
    let first = &found["results"][0];
    assert_eq!((&first["title"], &first["engine"]), (&json!("Loud keyboards"), &json!("duckduckgo")));
    assert_eq!(first["url"], "https://keys.example/loud?by=clack&x=1");
    assert_eq!(first["content"], "Clicky switches <are> loud & proud.");
    for empty in ["answers", "infoboxes", "suggestions", "unresponsive_engines"] {
        assert_eq!(found[empty], json!([]), "{empty}");
    }
    let posted = web.post("/searx/search", "q=rust&format=json").await?.json()?;
    assert_eq!(posted["results"][0]["url"], "https://rust.example/");
    assert_eq!(web.get("/searx/search?q=nonsense&format=json").await?.json()?["results"], json!([]));
    assert_eq!(web.get("/searx/search?q=&format=json").await?.status, 400);

    let page = web.get("/searx/search?q=loud").await?;
    assert!(
        page.body
            .contains("<a href=\"https://keys.example/loud?by=clack&amp;x=1\"><span class=\"highlight\">Loud</span>")
    );
    web.search.set_searxng_json(false);
    let refused = web.get("/searx/search?q=loud&format=json").await?;
    assert!(refused.status == 403 && refused.body.contains("403 Forbidden"));
    assert_eq!(web.get("/searx/search?q=loud").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn duckduckgo_writes_its_page_whether_it_is_asked_by_address_or_by_form() -> Result<()> {
    let web = web().await?;
    let page = web.get("/ddg/html/?q=loud").await?;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let (_, link) = page.body.split_once("class=\"result__a\" href=\"").context("a link")?;
    let link = link.split_once('"').context("its end")?.0;
    let expected = "//duckduckgo.com/l/?uddg=https%3A%2F%2Fkeys.example%2Floud%3Fby%3Dclack%26x%3D1&amp;rut=";
    assert!(link.starts_with(expected) && link.len() == expected.len() + 64, "{link}");
    assert!(page.body.contains(">Clicky switches &lt;are&gt; <b>loud</b> &amp; proud.</a>"));
    assert_eq!(page.body.matches("web-result").count(), 1);
    assert_eq!(web.post("/ddg/html/", "q=keyboards&kl=us-en").await?.body.matches("web-result").count(), 2);

    let nothing = web.get("/ddg/html/?q=nonsense").await?;
    assert!(
        nothing.status == 200 && nothing.body.contains("result--no-result") && nothing.body.contains("No results.")
    );
    assert!(!nothing.body.contains("result__a"));
    Ok(())
}

#[tokio::test]
async fn an_instant_answer_is_about_one_thing_or_names_several() -> Result<()> {
    let web = web().await?;
    let get = async |query: &str| web.get(&format!("/ddg/api/?q={query}&format=json&no_html=1")).await?.json();
    let article = get("rust").await?;
    assert_eq!((&article["Type"], &article["Heading"]), (&json!("A"), &json!("Rust")));
    assert_eq!(
        (&article["AbstractText"], &article["AbstractURL"]),
        (&json!("A language."), &json!("https://rust.example/"))
    );
    let several = get("switches").await?;
    assert_eq!((&several["Type"], &several["AbstractText"]), (&json!("D"), &json!("")));
    assert_eq!(several["RelatedTopics"][1]["FirstURL"], "https://keys.example/quiet");
    let nothing = get("nonsense").await?;
    assert_eq!((&nothing["Type"], &nothing["RelatedTopics"]), (&json!(""), &json!([])));
    let page = web.get("/ddg/api/?q=rust+language").await?;
    assert_eq!((page.status, page.header("location")), (303, Some("/ddg/html/?q=rust%20language")));
    Ok(())
}

#[tokio::test]
async fn brave_wants_a_token_and_good_parameters() -> Result<()> {
    let web = web().await?;
    let get = async |query: &str, token: &str| {
        let header = if token.is_empty() { String::new() } else { format!("X-Subscription-Token: {token}\r\n") };
        web.ask(&format!("GET /brave/res/v1/web/search?{query}"), &header, "").await
    };
    let answer = get("q=keyboards&count=1", "any").await?;
    let found = answer.json()?;
    assert_eq!((&found["type"], &found["query"]["more_results_available"]), (&json!("search"), &json!(true)));
    let results = found["web"]["results"].as_array().context("results")?;
    assert_eq!((results.len(), &results[0]["title"]), (1, &json!("Loud keyboards")));
    assert_eq!(
        get("q=loud", "any").await?.json()?["web"]["results"][0]["description"],
        "Clicky switches &lt;are&gt; <strong>loud</strong> &amp; proud."
    );
    assert_eq!(
        get("q=keyboards&count=1&offset=1", "any").await?.json()?["web"]["results"][0]["title"],
        "Quiet keyboards"
    );
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("1, 1999"));
    assert_eq!(get("q=nonsense", "any").await?.json()?.get("web"), None);

    let nobody = get("q=loud", "").await?;
    assert_eq!((nobody.status, &nobody.json()?["error"]["code"]), (422, &json!("VALIDATION")));
    assert_eq!(nobody.json()?["error"]["meta"]["errors"][0]["loc"], json!(["header", "x-subscription-token"]));
    for query in ["", "q=", "q=loud&count=21", "q=loud&offset=10", &format!("q={}", "x".repeat(401))] {
        assert_eq!(get(query, "any").await?.status, 422, "{query}");
    }
    web.search.set_brave_token("good");
    assert_eq!(get("q=loud", "good").await?.status, 200);
    let stranger = get("q=loud", "bad").await?;
    assert_eq!((stranger.status, &stranger.json()?["error"]["code"]), (422, &json!("SUBSCRIPTION_TOKEN_INVALID")));
    Ok(())
}

#[tokio::test]
async fn wikipedia_finds_articles_and_tells_how_one_begins() -> Result<()> {
    let web = web().await?;
    let list = "/wikipedia/w/api.php?action=query&list=search&format=json";
    let found = web.get(&format!("{list}&srsearch=keyboards&srlimit=1")).await?.json()?;
    assert_eq!((&found["query"]["searchinfo"]["totalhits"], &found["continue"]["sroffset"]), (&json!(2), &json!(1)));
    assert_eq!(found["query"]["search"][0]["title"], "Loud keyboards");
    let loud = web.get(&format!("{list}&srsearch=loud")).await?.json()?;
    let marked = "Clicky switches &lt;are&gt; <span class=\"searchmatch\">loud</span> &amp; proud.";
    assert_eq!((&loud["query"]["search"][0]["snippet"], loud.get("continue")), (&json!(marked), None));

    for title in ["Loud_keyboards", "loud%20keyboards"] {
        let summary = web.get(&format!("/wikipedia/api/rest_v1/page/summary/{title}")).await?.json()?;
        assert_eq!((&summary["type"], &summary["title"]), (&json!("standard"), &json!("Loud keyboards")));
        assert_eq!(summary["extract"], "Clicky switches <are> loud & proud.");
    }
    let missing = web.get("/wikipedia/api/rest_v1/page/summary/Loud").await?;
    assert_eq!((missing.status, &missing.json()?["title"]), (404, &json!("Not found.")));

    // What cannot be done is told with status 200.
    let wrong = web.get(list).await?;
    assert_eq!((wrong.status, wrong.header("mediawiki-api-error")), (200, Some("missingparam")));
    assert_eq!(web.get("/wikipedia/w/api.php?action=guess&format=json").await?.json()?["error"]["code"], "badvalue");
    // Who does not say who they are is turned away.
    assert_eq!(web.ask(&format!("GET {list}&srsearch=loud"), "", "").await?.status, 403);
    Ok(())
}

#[tokio::test]
async fn an_invented_page_is_found_by_all() -> Result<()> {
    let web = web().await?;
    web.search.restore_pages();
    assert!(web.search.pages().len() >= 12);
    let url = |found: &Value, pointer: &str| found.pointer(pointer).cloned().unwrap_or_default();
    let searx = web.get("/searx/search?q=how+to+use+pgvector+hnsw&format=json").await?.json()?;
    assert_eq!(url(&searx, "/results/0/url"), "https://elephant-vectors.example/hnsw");
    let brave =
        web.ask("GET /brave/res/v1/web/search?q=split+keyboard", "X-Subscription-Token: x\r\n", "").await?.json()?;
    assert_eq!(url(&brave, "/web/results/0/url"), "https://clack.example/split");
    assert!(web.get("/ddg/html/?q=obs+bitrate").await?.body.contains("stream-kitchen.example%2Fobs-settings"));
    let asked: Vec<_> = web.search.requests().into_iter().map(|request| (request.provider, request.query)).collect();
    assert_eq!(asked[1], (Provider::Brave, "split keyboard".to_owned()));
    Ok(())
}
