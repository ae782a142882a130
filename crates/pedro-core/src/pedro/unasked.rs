//! The answer to a question that nobody put to Pedro: it comes, or nothing does. No "on it", no apology.

use std::time::Duration;

use super::Pedro;
use super::ask::{Asked, waited};
use crate::question::{Failure, Settled, UNASKED_WITHIN, Unsettled};
use crate::reply;
use crate::speech::NotSpoken;
use crate::store::question::{Ending, Question};
use tokio_util::sync::CancellationToken;

impl Pedro {
    /// Answers such a question, or lets it go.
    pub(super) async fn answer_unasked(
        &self,
        asked: Asked<'_>,
        stop: &CancellationToken,
    ) -> Result<Settled, Unsettled> {
        let question = asked.question;
        if question.answer.is_none() && question.attempts <= 1 && waited(question) >= UNASKED_WITHIN {
            return self.finish(question, Ending::Unsaid).await;
        }
        let failure = match self.answer(asked, stop).await {
            Ok(()) => return Ok(Settled),
            Err(failure) => failure,
        };
        let put_back = |wait: u64, counts: bool| Err(Unsettled { wait: Duration::from_secs(wait), counts });
        match failure {
            Failure::Stopped | Failure::SourceForgotten | Failure::Unsent(NotSpoken::Unwanted) => put_back(0, false),
            Failure::Busy => put_back(2, false),
            Failure::Store(error) => put_back(2, !error.is_transient()),
            Failure::Unsent(NotSpoken::Unavailable) => put_back(5, false),
            Failure::Unsent(NotSpoken::Refused(_)) => self.finish(question, Ending::Unsaid).await,
            Failure::ModelAway
            | Failure::Model(_)
            | Failure::NothingToSay
            | Failure::TooOften
            | Failure::PlanStopped => self.say_as_taught(asked, stop).await,
        }
    }

    /// What was taught is said as it is when the model does not do it. Of a question to the room nothing is said.
    async fn say_as_taught(&self, asked: Asked<'_>, stop: &CancellationToken) -> Result<Settled, Unsettled> {
        let question = asked.question;
        let Some(prompt) = question.trained_prompt else { return self.finish(question, Ending::Unsaid).await };
        let taught = self.taught(prompt).await;
        let again = || Unsettled { wait: Duration::from_secs(2), counts: false };
        let Some(taught) = taught.map_err(|_| again())? else { return self.finish(question, Ending::Unsaid).await };
        let Some(answer) = self.answering.presentable(&reply::as_taught(&taught), asked.place) else {
            return self.finish(question, Ending::Unsaid).await;
        };
        self.answering.keep_text(question, &answer).await.map_err(|error| {
            tracing::warn!(%error, question.id = %question.id, "what was taught was not kept");
            again()
        })?;
        let question = Question { answer: Some(answer), ..question.clone() };
        match self.answer(Asked { question: &question, ..asked }, stop).await {
            Ok(()) => Ok(Settled),
            // It is said, if it can be, by whoever takes it next.
            Err(Failure::Unsent(NotSpoken::Refused(_))) => self.finish(&question, Ending::Unsaid).await,
            Err(_) => Err(again()),
        }
    }
}
