//! Row ids as types of their own, so that a channel is never taken for an author.

use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }
    )*};
}

row_id! {
    /// Row of `pedro.community`.
    CommunityId;
    /// Row of `pedro.channel`.
    ChannelId;
    /// Row of `pedro.author`.
    AuthorId;
    /// Row of `pedro.message`.
    MessageId;
    /// Row of `pedro.question`.
    QuestionId;
    /// Row of `pedro.generation`.
    GenerationId;
    /// Row of `pedro.plan`.
    PlanId;
    /// Row of `pedro.game`.
    GameId;
    /// Row of `pedro.trained_prompt`.
    TrainedPromptId;
}
