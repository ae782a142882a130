//! Commands that are answered from tables, without the model: they never wait for it.

mod links;
mod privacy;
mod stream;
mod teach;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

pub use privacy::{Obeyed, Person, export, obey_privacy};

use crate::chat::{Platform, Role};
use crate::memory::Retriever;
use crate::places::Place;
use crate::reply;
use crate::store::{StoreError, channel};
use crate::trigger::{COMMANDS, Command};

/// Where and when a command was given.
pub struct Given<'a> {
    /// The database.
    pub pool: &'a PgPool,
    /// Finds links by meaning.
    pub retriever: &'a Retriever,
    /// The channel.
    pub place: &'a Place,
    /// When.
    pub now: DateTime<Utc>,
}

/// Carries out a command and says what to answer. Who may give it is checked before.
///
/// # Errors
/// When a statement fails.
pub async fn obey(command: &Command, given: &Given<'_>) -> Result<String, StoreError> {
    match command {
        Command::Links(word) => links::show(word.as_deref(), given).await,
        Command::AddLink { name, url, words } => links::add(name, url, words, given).await,
        Command::DelLink(name) => links::remove(name, given).await,
        Command::Title => stream::title(given).await,
        Command::Titles(count) => stream::titles(*count, given).await,
        Command::Help => Ok(help(given.place, Role::Viewer)),
        Command::Pause(minutes) => pause(*minutes, given).await,
        Command::Chattiness(chattiness) => {
            channel::set_chattiness(given.pool, given.place.id, *chattiness).await?;
            given.place.set_chattiness(*chattiness);
            Ok(reply::chattiness(*chattiness))
        }
        Command::Teach { question, answer } => teach::teach(question, answer, given).await,
        Command::Unteach(what) => teach::unteach(what, given).await,
        Command::AgenticMode(on) => {
            channel::set_agentic(given.pool, given.place.id, *on).await?;
            Ok(reply::plan::agentic(*on))
        }
        // Questions, plans, corrections, stops and privacy commands take ways of their own.
        Command::Ask(_)
        | Command::Plan(_)
        | Command::Recap(_)
        | Command::Event { .. }
        | Command::Retry
        | Command::Mark { .. }
        | Command::Wrong
        | Command::Stop
        | Command::Forget
        | Command::OptOut(_)
        | Command::OptIn
        | Command::ForgetMe => Ok(String::new()),
    }
}

async fn pause(minutes: u32, given: &Given<'_>) -> Result<String, StoreError> {
    let until = (minutes > 0).then(|| given.now + chrono::Duration::minutes(minutes.into()));
    channel::set_pause(given.pool, given.place.id, until).await?;
    given.place.set_pause(until);
    Ok(match until {
        Some(_) => reply::paused(minutes.into(), given.place.key.platform),
        None => reply::pause_ended(),
    })
}

/// What Pedro can do for somebody.
pub(crate) fn help(place: &Place, role: Role) -> String {
    let (ear, platform) = (&place.home.ear, place.key.platform);
    let usages = |needs: Role| COMMANDS.iter().filter(move |info| info.needs == needs).map(|info| info.usage(ear));
    let named = |usage: String| match platform {
        Platform::Discord => format!("/{}", usage.trim_start_matches(ear.prefix.as_str())),
        _ => usage,
    };
    let mut text = reply::help(&usages(Role::Viewer).map(named).collect::<Vec<_>>(), platform);
    if role >= Role::Moderator {
        text.push(' ');
        text.push_str(&reply::help_for_moderators(&usages(Role::Moderator).collect::<Vec<_>>()));
    }
    text
}
