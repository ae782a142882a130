//! The daily token budget of a model that answers for money.

use chrono::NaiveDate;
use sqlx::PgPool;

use super::CallError;
use crate::chat::CommunityId;
use crate::store::api_token_use;

/// Who pays for a call.
#[derive(Debug, Clone, Copy)]
pub struct Payer {
    /// The community that asks.
    pub community: CommunityId,
    /// The day, in its time zone.
    pub day: NaiveDate,
}

/// Tokens that were taken out of a day's budget for one call. A call that nobody saw the end of costs all of them.
#[derive(Debug)]
#[must_use]
pub(super) struct Reserved<'a> {
    pool: &'a PgPool,
    payer: Payer,
    tokens: i64,
}

impl<'a> Reserved<'a> {
    /// Takes the most that a call may cost; nothing where there is no limit.
    ///
    /// # Errors
    /// [`CallError::Spent`] if so much is not left.
    pub(super) async fn take(
        pool: &'a PgPool,
        payer: Payer,
        tokens: usize,
        limit: Option<u32>,
    ) -> Result<Option<Self>, CallError> {
        let Some(limit) = limit else { return Ok(None) };
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        match api_token_use::reserve(pool, payer.community, payer.day, tokens, limit.into()).await? {
            true => Ok(Some(Self { pool, payer, tokens })),
            false => Err(CallError::Spent),
        }
    }

    /// Gives back what the call did not cost. If that cannot be written, it costs all that was taken.
    pub(super) async fn settle(self, spent: usize) {
        let spent = i64::try_from(spent).unwrap_or(i64::MAX);
        let Payer { community, day } = self.payer;
        if let Err(error) = api_token_use::settle(self.pool, community, day, self.tokens, spent).await {
            tracing::warn!(%error, "tokens that were not spent count as spent");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::step::api_call::ApiTools;
    use crate::plan::step::test_server::{Page, TestServer};
    use crate::plan::{StepError, StepOutput};
    use crate::service::config::{ApiServer, ApiSettings, OpenAiSettings};
    use crate::service::secret::Secret;
    use crate::store::{MIGRATOR, channel};

    const LIMIT: u32 = 3_000;

    async fn ask(pool: &PgPool, server: &TestServer, payer: Payer) -> Result<StepOutput, StepError> {
        let server = ApiServer { url: server.url.join("v1/").unwrap(), own: true };
        let openai = OpenAiSettings { server, key: Secret::new("k"), model: "m".into(), daily_tokens: Some(LIMIT) };
        let built_in = ApiSettings { openai: Some(openai), duckduckgo: None, wikipedia: None };
        let tools = ApiTools::new(built_in, Vec::new(), pool.clone()).unwrap();
        tools.run(json!({"tool": "openai", "query": "why?"}).as_object().unwrap(), payer).await
    }

    fn costing(tokens: u32) -> Page {
        Page::json(json!({"choices": [{"message": {"content": "so"}}], "usage": {"total_tokens": tokens}}).to_string())
    }

    async fn payer(pool: &PgPool, name: &str, day: &str) -> Payer {
        let community = channel::ensure_community(pool, name, None).await.unwrap();
        Payer { community, day: day.parse().unwrap() }
    }

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn a_spent_budget_ends_the_calls_of_a_community_for_the_day(pool: PgPool) {
        let today = payer(&pool, "one", "2026-11-24").await;
        let spent = async || api_token_use::of_day(&pool, today.community, today.day).await.unwrap();
        let server =
            TestServer::start([costing(1_200), Page::status(500), costing(1_000), costing(7), costing(7)]).await;
        ask(&pool, &server, today).await.unwrap();
        assert_eq!(spent().await, 1_200);
        ask(&pool, &server, today).await.unwrap_err();
        assert_eq!(spent().await, 1_200, "a refusal costs nothing");
        ask(&pool, &server, today).await.unwrap();
        assert_eq!(spent().await, 2_200);
        // The longest answer would not fit any more.
        let words = "openai was asked enough for today, it can be asked again tomorrow";
        assert_eq!(ask(&pool, &server, today).await.unwrap_err(), StepError::Refused(words.to_owned()));
        assert_eq!((spent().await, server.asked().len()), (2_200, 3), "nobody was asked");
        for other in [payer(&pool, "one", "2026-11-25").await, payer(&pool, "two", "2026-11-24").await] {
            ask(&pool, &server, other).await.unwrap();
        }
    }

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn calls_at_the_same_time_do_not_spend_more_than_there_is(pool: PgPool) {
        let today = payer(&pool, "one", "2026-11-24").await;
        let slow = || costing(900).after(std::time::Duration::from_millis(300));
        let server = TestServer::start([slow(), slow(), slow()]).await;
        let calls = [(); 3].map(|()| ask(&pool, &server, today));
        let done = futures_util::future::join_all(calls).await;
        assert_eq!(done.iter().filter(|result| result.is_ok()).count(), 2, "{done:?}");
        assert_eq!(api_token_use::of_day(&pool, today.community, today.day).await.unwrap(), 1_800);
    }

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn an_answer_that_nobody_saw_costs_the_most_that_it_may(pool: PgPool) {
        let today = payer(&pool, "one", "2026-11-24").await;
        let server = TestServer::start([Page::json("nonsense")]).await;
        ask(&pool, &server, today).await.unwrap_err();
        assert!(api_token_use::of_day(&pool, today.community, today.day).await.unwrap() > 1_000);
    }
}
