//! `!optout [replies]`, `!optin`, `!forgetme`: obeyed before anything is stored, also for people who opted out.

use sqlx::PgPool;

use crate::chat::Platform;
use crate::reply;
use crate::store::opt_out::{self, OptOut};
use crate::store::{StoreError, erase, question};
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

/// Carries out a privacy command and says what to answer; for any other command nothing is done or said.
///
/// # Errors
/// When a statement fails: nothing is changed then.
pub async fn obey_privacy(command: &Command, person: &Person<'_>, pool: &PgPool) -> Result<String, StoreError> {
    let answer = match command {
        Command::OptOut(OptOutOf::Storage) => {
            opt_out::add(pool, person.hash, OptOut { storage: true, replies: false }).await?;
            question::opt_out(pool, person.hash, false).await?;
            reply::opted_out_of_storage(person.platform)
        }
        Command::OptOut(OptOutOf::Replies) => {
            opt_out::add(pool, person.hash, OptOut { storage: false, replies: true }).await?;
            question::opt_out(pool, person.hash, true).await?;
            reply::opted_out_of_replies(person.platform)
        }
        Command::OptIn => {
            opt_out::remove(pool, person.hash).await?;
            reply::opted_in()
        }
        Command::ForgetMe => {
            let mut transaction = pool.begin().await?;
            let lines = erase::person(&mut transaction, person.platform, person.platform_user_id, person.hash).await?;
            transaction.commit().await?;
            reply::forgotten(lines, person.platform)
        }
        _ => String::new(),
    };
    Ok(answer)
}
