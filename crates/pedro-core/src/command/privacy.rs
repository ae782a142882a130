//! `!optout [replies]`, `!optin`, `!forgetme`: obeyed before anything is stored, also for people who opted out.

use chrono::Utc;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::chat::Platform;
use crate::reply;
use crate::store::erase::{self, Seen};
use crate::store::opt_out::{self, OptOut};
use crate::store::{StoreError, game, message, question};
use crate::trigger::{Command, OptOutOf};

/// Who gave a command.
pub struct Person<'a> {
    /// Platform of the account.
    pub platform: Platform,
    /// The platform's id of the account.
    pub platform_user_id: &'a str,
    /// Keyed hash of both.
    pub hash: &'a [u8],
}

/// What came of a privacy command.
#[derive(Debug, Default)]
pub struct Obeyed {
    /// What to answer.
    pub text: String,
    /// What people still see of what was erased or will not be answered.
    pub seen: Seen,
}

impl Obeyed {
    fn saying(text: String) -> Self {
        Self { text, seen: Seen::default() }
    }
}

/// Carries out a privacy command and says what to answer; for any other command nothing is done or said.
///
/// # Errors
/// When a statement fails: nothing is changed then.
pub async fn obey_privacy(command: &Command, person: &Person<'_>, pool: &PgPool) -> Result<Obeyed, StoreError> {
    Ok(match command {
        Command::OptOut(OptOutOf::Storage) => {
            opt_out::add(pool, person.hash, OptOut { storage: true, replies: false }).await?;
            question::keep_nothing(pool, person.hash).await?;
            Obeyed::saying(reply::privacy::opted_out_of_storage(person.platform))
        }
        Command::OptOut(OptOutOf::Replies) => {
            opt_out::add(pool, person.hash, OptOut { storage: false, replies: true }).await?;
            let open = question::cancel_person(pool, person.hash).await?;
            Obeyed {
                text: reply::privacy::opted_out_of_replies(person.platform),
                seen: Seen { open, ..Seen::default() },
            }
        }
        Command::OptIn => {
            opt_out::remove(pool, person.hash).await?;
            Obeyed::saying(reply::privacy::opted_in())
        }
        Command::ForgetMe => {
            let mut transaction = pool.begin().await?;
            let gone = erase::person(&mut transaction, person.platform, person.platform_user_id, person.hash).await?;
            transaction.commit().await?;
            let was_something = gone.lines > 0 || !gone.seen.said.is_empty() || !gone.seen.open.is_empty();
            Obeyed { text: reply::privacy::forgotten(was_something, person.platform), seen: gone.seen }
        }
        _ => Obeyed::default(),
    })
}

/// Everything that is stored of a person.
///
/// # Errors
/// When a statement fails.
pub async fn export(person: &Person<'_>, pool: &PgPool) -> Result<Value, StoreError> {
    let lines = message::of_person(pool, person.platform, person.platform_user_id).await?;
    let questions = question::of_person(pool, person.hash).await?;
    let games = game::of_person(pool, person.hash).await?;
    let choice =
        opt_out::find(pool, &[person.hash.to_vec()]).await?.pop().map(|(_, choice)| choice).unwrap_or_default();
    Ok(json!({
        "platform": person.platform,
        "user_id": person.platform_user_id,
        "exported_at": Utc::now(),
        "opted_out": { "storage": choice.storage, "replies": choice.replies },
        "lines": lines,
        "questions": questions,
        "games": games,
    }))
}
