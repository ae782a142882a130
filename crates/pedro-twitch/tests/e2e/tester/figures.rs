//! Whether the figures of `/metrics` move.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use pedro_core::service::metrics::catalog::{CATALOG, Kind};
use pedro_core::testing::Turn;
use pedro_playground::search::{Page, Provider};
use serde_json::json;

use super::Tester;

/// Every value that each series was seen with.
#[derive(Default)]
pub(crate) struct Figures(BTreeMap<String, BTreeSet<String>>);

impl Figures {
    /// Whether a metric moved: what is counted begins at 0 and must have become more, a gauge must have been seen with
    /// two values.
    fn has_moved(&self, name: &str, kind: Kind) -> bool {
        let counted = match kind {
            Kind::Histogram(_) => format!("{name}_count"),
            Kind::Counter | Kind::Gauge => name.to_owned(),
        };
        let mut series = self.0.iter().filter(|(series, _)| series.split('{').next() == Some(&counted));
        series.any(|(_, values)| match kind {
            Kind::Gauge => values.len() > 1,
            Kind::Counter | Kind::Histogram(_) => values.iter().any(|value| value != "0"),
        })
    }

    /// Whether a metric was told at all.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.keys().any(|series| series.split('{').next() == Some(name))
    }

    /// The metrics of the catalogue that never moved.
    pub(crate) fn unmoved(&self) -> Vec<&'static str> {
        CATALOG.iter().filter(|metric| !self.has_moved(metric.name, metric.kind)).map(|metric| metric.name).collect()
    }
}

impl Tester {
    /// Notes what every figure is now.
    pub(crate) async fn note_figures(&self, figures: &mut Figures) -> Result<()> {
        let (_, page) = self.page("/metrics").await?;
        for line in page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').context("a line of metrics without a value")?;
            figures.0.entry(series.to_owned()).or_default().insert(value.to_owned());
        }
        Ok(())
    }

    /// Waits until a metric, summed over its labels, is more than 0, and notes all figures then.
    pub(crate) async fn until_counted(&mut self, name: &str, figures: &mut Figures) -> Result<()> {
        let what = format!("{name} is more than 0");
        self.until(&what, async |t| Ok((t.metric(name).await? > 0.0).then_some(()))).await?;
        self.note_figures(figures).await
    }

    /// Questions that wait, and some that the model answers badly.
    pub(crate) async fn trouble_the_model(&mut self, figures: &mut Figures) -> Result<()> {
        self.model.set_loading(true);
        self.chat("alice", "pedro, what is a lifetime?");
        self.until_counted("pedro_queue_oldest_seconds", figures).await?;
        self.until_red("model").await?;
        self.note_figures(figures).await?;
        self.model.set_loading(false);
        self.until_all_answered().await?;
        let nothing = || Turn::say("<think>nothing comes of this</think>");
        for turns in [vec![Turn::Status(400)], vec![nothing(), nothing()], vec![Turn::Empty]] {
            turns.into_iter().for_each(|turn| self.model.push(turn));
            self.chat("bob", "pedro, what is a trait?");
            self.settle().await?;
            self.until_all_answered().await?;
        }
        self.note_figures(figures).await
    }

    /// Whoever asks for a plan from now on gets one that searches the web, where one provider fails. What else the model is
    /// asked it answers with `otherwise`.
    pub(crate) fn plan_a_search(&self, otherwise: &'static str) {
        let page = Page::new("The quixotron keyboard", "https://keys.example/q", "quixotron keyboard review");
        self.search().set_pages([page]);
        self.search().fail_next(Provider::Searxng, 1);
        self.model.reply_with(move |request| {
            let plan = json!({"steps": [
                {"id": "s1", "action": "web_search", "params": {"query": "quixotron keyboard"}, "depends_on": []},
                {"id": "s2", "action": "return_response", "params": {}, "depends_on": ["s1"]},
            ]});
            let is_plan = request["response_format"]["json_schema"]["name"] == "plan";
            if is_plan {
                return plan.to_string();
            }
            // A search that failed is made again with another query.
            let wants_query = request.to_string().contains("Write another query.");
            if wants_query { "quixotron keyboard review".to_owned() } else { otherwise.to_owned() }
        });
    }

    /// No embedding can be stored for a while: lines wait for theirs.
    pub(crate) async fn refuse_embeddings(&mut self, figures: &mut Figures) -> Result<()> {
        let refuse = "alter table pedro.message_embedding add constraint refused check (false) not valid";
        sqlx::raw_sql(refuse).execute(self.db()).await?;
        self.settle().await?;
        self.until_counted("pedro_embedding_lag_messages", figures).await?;
        sqlx::raw_sql("alter table pedro.message_embedding drop constraint refused").execute(self.db()).await?;
        self.until_embedded().await
    }

    /// The database is away while somebody talks.
    pub(crate) async fn talk_without_database(&mut self, figures: &mut Figures) -> Result<()> {
        self.proxy.as_ref().context("the setup has no proxy")?.cut();
        self.until_red("database").await?;
        let mut waiting = 0.0;
        while waiting <= 0.0 {
            // The first batch is taken at once and tried again: what comes after it waits.
            self.chat("erik", "is anybody writing this down?");
            waiting = self.metric("pedro_messages_waiting").await?;
        }
        self.note_figures(figures).await?;
        self.proxy.as_ref().context("the setup has no proxy")?.mend();
        self.until_ready().await?;
        self.settle().await
    }
}
