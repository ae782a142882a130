//! What is stored, and waiting for it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sqlx::PgPool;
use tokio::time::sleep;

use super::{PATIENCE, Tester};
use crate::database::{self, StoredLine};

impl Tester {
    /// The database.
    pub(crate) fn db(&self) -> &PgPool {
        &self.pool
    }

    /// All lines of chat that are stored, in their order.
    pub(crate) async fn lines(&self) -> Result<Vec<StoredLine>> {
        database::lines(&self.pool).await
    }

    /// Waits until a line is stored. All lines before it have been looked at then.
    pub(crate) async fn until_stored(&mut self, id: impl ToString) -> Result<StoredLine> {
        let id = id.to_string();
        let what = format!("line {id} is stored");
        self.until(&what, async |t| Ok(t.lines().await?.into_iter().find(|line| line.platform_message_id == id))).await
    }

    /// Says something, and waits until it is stored: all that was said before has been dealt with then.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        let id = self.chat("zoe", "nothing to see here");
        self.until_stored(id).await.map(drop)
    }

    /// Waits until every line has its embedding.
    pub(crate) async fn until_embedded(&mut self) -> Result<()> {
        self.settle().await?;
        self.until("all lines are embedded", async |t| {
            let waiting = database::count(t.db(), "select count(*) from pedro.message_unembedded").await?;
            Ok((waiting == 0).then_some(()))
        })
        .await
    }

    /// Waits until no question is open.
    pub(crate) async fn until_all_answered(&mut self) -> Result<()> {
        self.until("no question is open", async |t| {
            let sql = "select count(*) from pedro.question where status in ('queued', 'working', 'sending')";
            Ok((database::count(t.db(), sql).await? == 0).then_some(()))
        })
        .await
    }

    /// Waits until something is so. A bot that ends meanwhile is a failure.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self).await.with_context(|| format!("waiting until {what}"))? {
                return Ok(found);
            }
            self.ensure_alive()?;
            ensure!(began.elapsed() < PATIENCE, "waited in vain until {what}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}
