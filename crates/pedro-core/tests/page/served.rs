//! What goes over the wire: headers, addresses, and nothing twice.

use anyhow::Result;
use reqwest::{Client, Response};
use uuid::Uuid;

use crate::samples::side_by_side;
use crate::site::Site;

async fn get(url: &str, known: Option<&str>) -> Result<Response> {
    let request = Client::builder().no_proxy().build()?.get(url);
    let request = known.map_or(request.try_clone(), |tag| Some(request.header("if-none-match", tag)));
    Ok(request.ok_or_else(|| anyhow::anyhow!("a request without a body"))?.send().await?)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn pages_may_do_nothing_but_what_they_do() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    for page in [site.page(), site.url("/overlay"), site.url("/workflows/none")] {
        let response = get(&page, None).await?;
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{page}: {policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        // Whoever knows an address may look: it is told to nobody.
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert_eq!(header(&response, "x-robots-tag"), "noindex");
        assert_eq!(header(&response, "cache-control"), "no-store");
    }
    for (file, kind) in
        [("workflow.css", "text/css"), ("workflow.js", "text/javascript"), ("overlay.js", "text/javascript")]
    {
        let response = get(&site.url(&format!("/page/{file}")), None).await?;
        assert!(header(&response, "content-type").starts_with(kind), "{file}");
        assert!(
            !response.text().await?.to_lowercase().contains("</script"),
            "{file} would end the file that it is put into"
        );
    }
    Ok(())
}

#[tokio::test]
async fn news_that_are_known_are_not_sent_again() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let news = format!("{}.json", site.page());
    let first = get(&news, None).await?;
    let tag = header(&first, "etag").to_owned();
    assert_eq!(first.json::<serde_json::Value>().await?["attempts"][0]["steps"][1]["status_words"], "running");
    let again = get(&news, Some(&tag)).await?;
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.as_str()));
    assert_eq!(again.text().await?, "");
    site.becomes(|view| view.answer = Some("done".into()));
    assert_eq!(get(&news, Some(&tag)).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_nobodys_is_told_kindly() -> Result<()> {
    let site = Site::with(side_by_side()).await?;
    let id = site.page().rsplit('/').next().unwrap_or_default().to_owned();
    for address in
        [Uuid::new_v4().to_string(), "1".into(), format!("{{{id}}}"), id.replace('-', ""), format!("{id}.html")]
    {
        let response = get(&site.url(&format!("/workflows/{address}")), None).await?;
        assert_eq!(response.status(), 404, "{address}");
        assert!(response.text().await?.contains("There is no such workflow"));
    }
    assert_eq!(get(&site.page(), None).await?.status(), 200);
    Ok(())
}
